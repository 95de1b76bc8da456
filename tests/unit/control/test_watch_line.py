"""What a line by IPv6 lacks, in the words of the evidence; and whether two lines can be told apart."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Network, IPv6Address

from appliance.control.watch_line import shared, what_is_missing
from appliance.engines.leases6 import Lease6

WHOLE = Lease6(
    "wan0",
    True,
    IPv6Address("fe80::1"),
    IPv6Address("2001:db8:1::1"),
    True,
    (),
    False,
    (IPv6Address("fe80::1%wan0"),),
    1.0,
)


def test_nothing_is_missing() -> None:
    assert what_is_missing(WHOLE) == ""


def test_the_first_thing_that_is_missing_is_told() -> None:
    assert what_is_missing(None) == "no-advertisement"
    assert what_is_missing(replace(WHOLE, advertised=False, gateway=None)) == "no-advertisement"
    assert what_is_missing(replace(WHOLE, address=None, dns=())) == "advertised-no-address"
    assert what_is_missing(replace(WHOLE, gateway=None)) == "advertised-no-address"
    assert what_is_missing(replace(WHOLE, dns=())) == "no-resolvers"


def test_two_lines_of_one_range_are_noticed_by_both() -> None:
    home, modem = IPv4Network("192.0.2.64/28"), IPv4Network("192.0.2.64/26")
    assert shared("wan", {"wan": home}) is None
    assert shared("wan", {"backup_wan": home}) is None
    assert shared("wan", {"wan": home, "backup_wan": IPv4Network("192.0.2.80/28")}) is None
    wires = {"wan": home, "backup_wan": modem}
    assert (shared("wan", wires), shared("backup_wan", wires)) == (home, modem)
