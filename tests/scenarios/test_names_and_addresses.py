"""DNS names only proven engines and answers everything else at once; DHCP gives each terminal its own address."""

from __future__ import annotations

import socket
from ipaddress import IPv4Interface

import dns.message
import dns.query
import pytest
from dns.rcode import NOERROR, NXDOMAIN, REFUSED, Rcode

from tests.lab import addresses, terminal
from tests.lab.client import LIMIT
from tests.lab.pki import EngineCertificate
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, await_services, engine_addresses

pytestmark = pytest.mark.namespaces

Answer = tuple[Rcode, list[str]]


def test_names_and_addresses(world: World) -> None:
    world.set_engine_certificate("e1", EngineCertificate.FOREIGN_CA)
    for number in addresses.CONCENTRATORS:
        world.cut_tunnel(number)
    world.start_appliance()
    world.lease_terminals()
    for host in MODES:
        assert _ask(world, host) == (NXDOMAIN, [])

    for number in addresses.CONCENTRATORS:
        world.mend_tunnel(number)
    await_services(world, "engine.some-refused")
    for host in MODES:
        assert _ask(world, host) == (NOERROR, engine_addresses(host)[1:])
        assert _ask(world, host.upper()) == (NOERROR, engine_addresses(host)[1:])
        assert _ask(world, host, "AAAA") == (NOERROR, [])
        assert _ask(world, f"x.{host}") == (NXDOMAIN, [])
    assert _ask(world, "sekisho.lan") == (NOERROR, [str(addresses.ROUTER_LAN.ip)])
    assert _ask(world, "reception.lan") == (NOERROR, [str(addresses.TERMINALS["reception"].address.ip)])
    assert _ask(world, "nobody.lan") == (NXDOMAIN, [])
    for name in (addresses.PUBLIC_WEB_NAME, "vpn1.dc.example", "cloud.example", "example", "."):
        assert _ask(world, name) == (REFUSED, [])
    _a_guest_gets_an_address_of_the_range(world)


def _ask(world: World, name: str, kind: str = "A") -> Answer:
    """What the router answers a terminal; the same by UDP and TCP."""
    reception, server = world.machines["reception"], str(addresses.ROUTER_LAN.ip)
    query = dns.message.make_query(name, kind)
    with reception.socket(kind=socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        answer = dns.query.udp(query, server, LIMIT, sock=udp)
    with reception.connect(server, 53) as tcp:
        tcp.setblocking(False)
        assert dns.query.tcp(query, server, LIMIT, sock=tcp).rcode() == answer.rcode()
    return answer.rcode(), [record.to_text() for rrset in answer.answer for record in rrset]


def _a_guest_gets_an_address_of_the_range(world: World) -> None:
    guest = world.machines["lan-attacker"]
    terminal.start_client(guest)
    until(lambda: "inet " in guest.run("ip", "-4", "address", "show", "dev", "eth0").stdout, "the guest's lease")
    shown = guest.run("ip", "-4", "-brief", "address", "show", "dev", "eth0").stdout.split()[2]
    assert int(addresses.DHCP_FIRST) <= int(IPv4Interface(shown).ip) <= int(addresses.DHCP_LAST)
