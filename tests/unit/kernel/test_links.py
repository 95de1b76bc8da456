"""Links: only our tunnels come and go; ports are raised and never anything else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.kernel import links
from appliance.kernel.links import Create, Delete, Link, SetMtu, SetUp, Wanted, WantedTunnel

NAMES = ["lan0", "wan0", "eth9", "sk-dc1", "sk-dc2", "sk-old"]
OBSERVED = st.dictionaries(
    st.sampled_from(NAMES),
    st.tuples(
        st.sampled_from([None, "tun", "wireguard", "veth", "bridge"]), st.booleans(), st.sampled_from([1300, 1394])
    ),
).map(lambda found: {name: Link(name, number, *rest) for number, (name, rest) in enumerate(found.items(), 1)})
WANTED = st.lists(st.sampled_from(["dc1", "dc2"]), unique=True).map(
    lambda names: Wanted(tuple(WantedTunnel(name, f"sk-{name}", 1394) for name in names), ("lan0", "wan0"))
)


@given(wanted=WANTED, observed=OBSERVED)
def test_diff_leads_to_what_is_wanted_and_leaves_others(wanted: Wanted, observed: dict[str, Link]) -> None:
    observed |= {port: observed.get(port, Link(port, 90, None, False, 1500)) for port in wanted.ports}
    state = dict(observed)
    changes = links.diff(wanted, observed)
    for change in changes:
        assert links.is_ours(change.subject) or (change.subject in wanted.ports and isinstance(change.operation, SetUp))
        match change.operation:
            case Create(name, mtu):
                assert name not in state
                state[name] = Link(name, 99, "tun", True, mtu)
            case Delete(name):
                del state[name]
            case SetUp(name, up):
                state[name] = Link(name, state[name].index, state[name].kind, up, state[name].mtu)
            case SetMtu(name, mtu):
                state[name] = Link(name, state[name].index, state[name].kind, state[name].up, mtu)
    assert links.diff(wanted, state) == []
    assert {name for name in state if links.is_ours(name)} == {tunnel.interface for tunnel in wanted.tunnels}
    assert {name for name in observed if not links.is_ours(name)} <= set(state)
    # A tunnel of the right kind is never made anew.
    for name in links.created(changes) & set(observed):
        assert observed[name].kind not in ("tun", "wireguard")


def test_a_missing_port_is_named_with_those_that_exist() -> None:
    there = {name: Link(name, 1, None, True, 1500) for name in ("lo", "eth0", "sk-dc1", "wlan0")}
    with pytest.raises(SekishoError) as refused:
        links.diff(Wanted(ports=("lan0",)), there)
    assert refused.value.code == "kernel.no-interface"
    assert refused.value.text.en == (
        "This machine has no interface lan0; it has eth0, wlan0. Correct the name in the settings."
    )


def test_ports_go_down_again_only_if_we_raised_them() -> None:
    there = {name: Link(name, 1, None, up, 1500) for name, up in (("lan0", True), ("wan0", False))}
    changes = links.take_down(["lan0", "usb0", "wan0"], there)
    assert [change.operation for change in changes] == [SetUp("lan0", False)]


def test_words() -> None:
    created, *_ = links.diff(Wanted((WantedTunnel("dc1", "sk-dc1", 1394),)), {})
    assert (created.text.ja, created.text.en) == ("トンネル dc1 を作ります。", "create tunnel dc1")
