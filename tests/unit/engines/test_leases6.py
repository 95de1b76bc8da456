"""What the hook of a line by IPv6 writes, and what we make of it."""

from __future__ import annotations

import json
import subprocess
import time
from ipaddress import IPv6Address, IPv6Network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engines import dhcpcd
from appliance.engines.leases6 import Lease6, parse_lease6, read_lease6

OWN, ROUTER, DNS = "2001:db8:1:0:9107:bd:ed73:8ecc", "fe80::d067:23ff:feed:ab83", "2001:db8:53::53"
ADVERTISED = {
    "nd1_from": ROUTER,
    "nd1_lifetime": "1800",
    "nd1_flags": "O",
    "nd1_mtu": "1454",
    "nd1_addr1": f"{OWN}/64",
    "nd1_prefix_information1_prefix": "2001:db8:1::",
    "nd1_prefix_information1_length": "64",
    "nd1_prefix_information1_flags": "LA",
    "nd1_prefix_information1_pltime": "300",
    "nd1_rdnss1_servers": f"{DNS} fe80::53%wan0",
    "nd1_rdnss1_lifetime": "600",
}
DELEGATED = {
    "new_dhcp6_ia_pd1_iaid": "00000001",
    "new_dhcp6_ia_pd1_prefix1": "2001:db8:100::",
    "new_dhcp6_ia_pd1_prefix1_length": "56",
    "new_dhcp6_ia_pd1_prefix1_vltime": "600",
    "new_dhcp6_name_servers": DNS,
}
LEASED = {
    "new_dhcp6_ia_na1_iaid": "1",
    "new_dhcp6_ia_na1_ia_addr1": "2001:db8:1::7",
    "new_dhcp6_ia_na1_ia_addr1_vltime": "9",
}
NO_AUTONOMY = {key: value for key, value in ADVERTISED.items() if "addr1" not in key} | {
    "nd1_prefix_information1_flags": "L"
}


class Line:
    """The hook, as dhcpcd calls it, and what is read after it."""

    def __init__(self, leases: Path) -> None:
        self.leases = leases

    def tell(self, reason: str, **given: str) -> Lease6 | None:
        subprocess.run(
            [str(dhcpcd.HOOK6)],
            env={"interface": "wan0", "sekisho_line": str(self.leases / "wan0"), "reason": reason, **given},
            check=True,
            timeout=20,
        )
        return read_lease6("wan0", self.leases)


@pytest.fixture
def line(tmp_path: Path) -> Line:
    return Line(tmp_path)


def test_an_advertisement_alone(line: Line) -> None:
    lease = line.tell("ROUTERADVERT", **ADVERTISED)
    assert lease is not None
    assert (lease.gateway, lease.address) == (IPv6Address(ROUTER), IPv6Address(OWN))
    assert lease.dns == (IPv6Address(DNS), IPv6Address("fe80::53%wan0"))
    assert lease.advertised and lease.autonomous and not lease.is_delegated
    assert lease.mtu == 1454
    assert 0 < lease.at <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_a_delegated_prefix_gives_an_address_where_the_advertisement_gives_none(line: Line) -> None:
    silent = line.tell("ROUTERADVERT", **NO_AUTONOMY)
    assert silent is not None and silent.advertised and not silent.autonomous and silent.address is None
    lease = line.tell("BOUND6", **DELEGATED)
    assert lease is not None
    assert (lease.address, lease.is_delegated) == (IPv6Address("2001:db8:100::1"), True)
    assert lease.prefixes == (IPv6Network("2001:db8:100::/56"),)
    taken_back = line.tell("EXPIRE6")
    assert taken_back == silent


def test_an_address_that_is_leased_comes_before_one_of_the_prefix(line: Line) -> None:
    line.tell("ROUTERADVERT", **NO_AUTONOMY)
    lease = line.tell("BOUND6", **DELEGATED, **LEASED)
    assert lease is not None and (str(lease.address), lease.is_delegated) == ("2001:db8:1::7", False)


def test_after_a_change_of_prefix_the_new_address_counts(line: Line) -> None:
    """The former one is valid for hours yet."""
    other = {"nd1_addr2": "2001:db8:2::9/64", "nd1_prefix_information1_prefix": "2001:db8:2::"}
    lease = line.tell("ROUTERADVERT", **ADVERTISED | other)
    assert lease is not None and str(lease.address) == "2001:db8:2::9"


def test_a_router_that_leaves_is_no_gateway(line: Line) -> None:
    lease = line.tell("ROUTERADVERT", **ADVERTISED | {"nd1_lifetime": "0"})
    assert lease is not None and lease.gateway is None
    second = {"nd2_from": "fe80::2", "nd2_lifetime": "30", "nd2_flags": ""}
    lease = line.tell("ROUTERADVERT", **ADVERTISED | {"nd1_lifetime": "0"} | second)
    assert lease is not None and lease.gateway == IPv6Address("fe80::2")


@pytest.mark.parametrize("reason", ["NOCARRIER", "STOPPED", "DEPARTED"])
def test_what_the_line_takes_back_is_gone(line: Line, reason: str) -> None:
    line.tell("ROUTERADVERT", **ADVERTISED)
    line.tell("BOUND6", **DELEGATED)
    assert line.tell(reason, **ADVERTISED) is None
    assert list(line.leases.iterdir()) == []


def test_an_advertisement_of_nobody_is_none(line: Line) -> None:
    """As dhcpcd tells when the last router's time is over."""
    assert line.tell("ROUTERADVERT") is None


@pytest.mark.parametrize("evil", ['::1","x":"', "$(touch evil)", "fe80::1;touch evil", "\n", "a" * 9999, "*", "\\"])
def test_the_line_cannot_write_anything_but_addresses(line: Line, evil: str) -> None:
    assert line.tell("ROUTERADVERT", **dict.fromkeys(ADVERTISED, evil)) is None
    json.loads((line.leases / "wan0.advertised.json").read_bytes())
    lease = line.tell("BOUND6", **dict.fromkeys(DELEGATED, evil))
    assert lease is None or (lease.address, lease.prefixes, lease.dns) == (None, (), ())
    assert sorted(path.name for path in line.leases.iterdir()) == ["wan0.advertised.json", "wan0.leased.json"]


def heard(**changes: Any) -> bytes:
    router = {"from": ROUTER, "lifetime": 9, "flags": "", "mtu": 0, "prefixes": [], "addresses": [], "dns": []}
    return json.dumps({"routers": [router | changes], "at": 1.5}).encode()


@pytest.mark.parametrize(
    "changes",
    [{"from": "2001:db8::1"}, {"from": 7}, {"lifetime": "9"}, {"lifetime": True}, {"dns": [None]}, {"prefixes": [{}]}],
)
def test_what_our_hook_does_not_write_is_no_lease(changes: dict[str, Any]) -> None:
    assert parse_lease6("wan0", heard(**changes), None) is None


def test_nothing_that_would_be_ourselves_or_everybody() -> None:
    strange = ["::1", "::", "ff02::1", "::ffff:192.0.2.1", "fe80::1%lan0", DNS]
    lease = parse_lease6("wan0", heard(dns=strange, addresses=[f"{item}/64" for item in strange[:4]]), None)
    assert lease is not None and (lease.dns, lease.address) == ((IPv6Address(DNS),), None)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["routers", "from", "dns", "at"]), inner),
)


@given(st.binary(max_size=300), values, values)
def test_any_content_is_a_lease_or_none(content: bytes, router: object, leased: object) -> None:
    parse_lease6("wan0", content, content)
    parse_lease6("wan0", json.dumps({"routers": [router], "at": 1}).encode(), json.dumps(leased).encode())
    parse_lease6("wan0", None, json.dumps({"addresses": router, "prefixes": leased, "dns": router, "at": 1}).encode())
