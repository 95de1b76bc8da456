"""What a line by IPv6 lacks, in the words of the evidence."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv6Address

from appliance.control.watch_line import what_is_missing
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
