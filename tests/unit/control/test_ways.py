"""What lines of two families gave, as ways, resolvers and questions for a prefix."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv6Address
from pathlib import Path

from appliance.control.far_ends import keep, known
from appliance.control.ways import Given, own_addresses, resolvers, versions, want_prefix, ways
from appliance.engines.leases import Lease
from appliance.engines.leases6 import Lease6
from appliance.intent import softwires
from appliance.intent.compile import compile
from appliance.intent.lines import Way, Way6, lines
from tests.builders import lab_account, lab_site

INTENT = compile(
    lab_account(),
    lab_site(wan={"kind": "ipoe", "interface": "wan0"}, backup_wan={"kind": "dhcp", "interface": "usb0"}),
)
GATEWAY, OURS, DNS6 = IPv6Address("fe80::1"), IPv6Address("2001:db8:1::1"), IPv6Address("2001:db8:53::53")
GATEWAY4, DNS4 = IPv4Address("192.0.2.81"), IPv4Address("198.51.100.53")
FOUR = Lease("usb0", IPv4Interface("192.0.2.90/28"), GATEWAY4, (DNS4,), 1.0)


def six(address: IPv6Address | None = OURS, gateway: IPv6Address | None = GATEWAY, autonomous: bool = True) -> Lease6:
    return Lease6("wan0", True, gateway, address, autonomous, (), False, (DNS6,), 1.0)


def given(lease6: Lease6 | None, lease4: Lease | None = FOUR) -> Given:
    return Given({"wan": None, "backup_wan": lease4}, {"wan": lease6, "backup_wan": None})


def test_both_lines_lead_somewhere() -> None:
    found = given(six())
    assert ways(found) == (Way("backup_wan", GATEWAY4), Way6("wan", GATEWAY, OURS, is_ours=False))
    assert [versions(line, found) for line in INTENT.lines] == [(6,), (4,)]
    assert resolvers(INTENT, found) == (DNS6, DNS4)
    assert own_addresses(found) == {OURS, IPv4Address("192.0.2.90")}


def test_a_line_without_an_address_or_a_router_leads_nowhere() -> None:
    for lease in (None, six(address=None), six(gateway=None)):
        found = given(lease, None)
        assert ways(found) == ()
        assert [versions(line, found) for line in INTENT.lines] == [(), ()]


def test_a_prefix_is_asked_for_where_none_is_advertised_for_addresses() -> None:
    assert want_prefix(given(six(address=None, autonomous=False))) == {"wan": True}
    assert want_prefix(given(six())) == {"wan": False}
    assert want_prefix(given(None)) == {}


def test_another_word_of_the_same_is_no_change() -> None:
    """Routers repeat themselves every few minutes."""
    later = Lease6("wan0", True, GATEWAY, OURS, True, (), False, (DNS6,), 2.0)
    assert given(six()) == given(later)


def test_a_softwire_follows_the_line() -> None:
    """What carries IPv4 inside IPv6 is worked out of the line's prefix and the far end that was found."""
    site = lab_site(
        wan={
            "kind": "map-e",
            "interface": "wan0",
            "br": "2001:db8:100::64",
            "rule_ipv6": "2001:db8:10::/44",
            "rule_ipv4": "198.51.100.192/28",
            "ea_bits": 12,
        }
    )
    [line] = lines(site)
    far_end = known(line)
    assert far_end == IPv6Address("2001:db8:100::64")
    way = softwires.way(line, 0, IPv6Address("2001:db8:12:3400::abcd"), (), far_end)
    assert way is not None
    assert str(way.local) == "2001:db8:12:3400:c6:3364:c200:3400"
    assert softwires.way(line, 0, IPv6Address("2001:db8:20::1"), (), far_end) is None


def test_a_far_end_is_remembered_for_its_name_only(tmp_path: Path) -> None:
    [line] = lines(lab_site(wan={"kind": "ds-lite", "interface": "wan0", "aftr": "aftr.access.example"}))
    [other] = lines(lab_site(wan={"kind": "ds-lite", "interface": "wan0", "aftr": "other.access.example"}))
    assert known(line, tmp_path) is None
    keep(line.name, "aftr.access.example", IPv6Address("2001:db8:100::64"), tmp_path)
    assert known(line, tmp_path) == IPv6Address("2001:db8:100::64")
    assert known(other, tmp_path) is None
