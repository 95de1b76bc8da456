"""Addresses: what `diff` says, done in order, ends in what is wanted, and touches nobody else's."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

from hypothesis import given
from hypothesis import strategies as st

from appliance.intent.model import Address
from appliance.kernel import addresses
from appliance.kernel.links import is_ours

ADDRESSES = st.builds(
    Address,
    st.sampled_from(["lan0", "wan0", "sk-dc1", "eth9"]),
    st.sampled_from([IPv4Interface("192.0.2.1/26"), IPv4Interface("192.0.2.2/26"), IPv4Interface("203.0.113.129/32")]),
    st.sampled_from([None, IPv4Address("203.0.113.1")]),
)
SETS = st.frozensets(ADDRESSES, max_size=6)


@given(wanted=SETS, observed=SETS, ours=SETS)
def test_diff_leads_to_what_is_wanted_and_leaves_strangers(
    wanted: frozenset[Address], observed: frozenset[Address], ours: frozenset[Address]
) -> None:
    state = set(observed)
    for change in addresses.diff(wanted, observed, ours):
        match change.operation:
            case addresses.Add(address):
                assert address not in state
                state.add(address)
            case addresses.Remove(address):
                state.remove(address)
    strangers = {item for item in observed if item not in ours and not is_ours(item.interface)}
    assert state == wanted | strangers
    assert addresses.diff(wanted, state, ours) == []
    assert set(addresses.strangers(wanted, state, ours, "lan0")) == {
        item for item in strangers - wanted if item.interface == "lan0"
    }


def test_the_old_address_goes_before_the_new_one_comes() -> None:
    """In one subnet the second is the first's secondary, and would go with it."""
    old, new = (Address("lan0", IPv4Interface(text)) for text in ("192.0.2.1/26", "192.0.2.2/26"))
    changes = addresses.diff([new], {old}, {old})
    assert [change.operation for change in changes] == [addresses.Remove(old), addresses.Add(new)]
    assert [change.text.en for change in changes] == [
        "remove address 192.0.2.1/26 from lan0",
        "add address 192.0.2.2/26 to lan0",
    ]
