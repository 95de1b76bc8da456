"""The line is IPv6 and no more than advertised (RFC 4861): the clinic works over it, whoever names the resolver."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv6Address

import pytest

from tests.lab import addresses
from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe import Ipoe
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import MODES, own_addresses6

pytestmark = pytest.mark.namespaces


@pytest.fixture(params=[True, False], ids=["resolver-advertised", "resolver-by-dhcpv6"])
def lines(request: pytest.FixtureRequest) -> Sequence[AccessLine]:
    return (Ipoe(tells_resolver=request.param),)


def test_line_is_ipv6_as_advertised(clinic: World) -> None:
    router = clinic.machines["router"]
    for host in MODES:
        clinic.client("reception", host).login()
    endpoints = router.run("wg", "show", "all", "endpoints").stdout
    for place in addresses.CONCENTRATORS.values():
        assert f"[{place.outside6.ip}]:{addresses.WIREGUARD_PORT}" in endpoints
    (address,) = own_addresses6(clinic)
    assert IPv6Address(address) in addresses.IPOE_PREFIXES[0]
    assert router.run("ip", "-4", "-brief", "address", "show", "dev", "wan0").stdout == ""


def test_the_line_is_for_the_router_alone(clinic: World) -> None:
    """Nothing of IPv6 on the LAN, nothing forwarded, and on the line nobody is answered but neighbours."""
    router, provider, reception = clinic.machines["router"], clinic.machines["provider"], clinic.machines["reception"]
    (own,) = own_addresses6(clinic)
    assert router.read("/proc/sys/net/ipv6/conf/all/forwarding") == "0\n"
    assert router.run("ip", "-6", "address", "show", "dev", "lan0").stdout == ""
    seen = Capture(provider, "line", f"src host {own} and not udp")
    assert provider.run("ping", "-6", "-c", "3", "-i", "0.3", "-W", "1", own, check=False).returncode != 0
    probe = f"import socket; socket.create_connection(({own!r}, 22), 2)"
    assert "timed out" in provider.run("python", "-c", probe, check=False).stderr
    reception.ip("address add 2001:db8:66::10/64 dev eth0 nodad\nroute add default dev eth0\n")
    reception.run("ping", "-6", "-c", "2", "-W", "1", str(addresses.INTERNET_DNS6.ip), check=False)
    seen.stop()
    assert seen.lines("not icmp6") == []
    # Neighbour solicitations and advertisements, and group reports; no echo and no error.
    assert seen.lines("icmp6 and icmp6[0] != 135 and icmp6[0] != 136 and icmp6[0] != 143") == []
