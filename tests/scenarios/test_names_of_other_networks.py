"""The insurers' names are asked of their own DNS server inside the clinic; IPv6 only where there is a way by it."""

from __future__ import annotations

import socket

import dns.message
import dns.query
import pytest
from dns.rcode import NOERROR, REFUSED, Rcode

from tests.lab import addresses, observe
from tests.lab.client import LIMIT
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios import segments

pytestmark = pytest.mark.namespaces

SERVER = "192.0.2.5"
SETTINGS = f"""
[[forwards]]
domains = ["*.insurer.example"]
servers = ["{SERVER}"]

[[forwards]]
domains = ["six.example"]
servers = ["{SERVER}"]
ipv6 = true
"""


def test_names_of_other_networks(world: World) -> None:
    _insurers_server(world)
    segments.configure(world, SETTINGS)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    until(lambda: _ask(world, "portal.insurer.example") == (NOERROR, ["192.0.2.20"]), "the insurers' server is asked")
    assert _ask(world, "portal.insurer.example", "AAAA") == (NOERROR, [])
    assert _ask(world, "www.six.example", "AAAA") == (NOERROR, ["2001:db8::21"])
    assert _ask(world, "www.six.example") == (NOERROR, ["192.0.2.21"])
    assert _ask(world, addresses.PUBLIC_WEB_NAME) == (REFUSED, [])
    world.client("reception").login()


def _insurers_server(world: World) -> None:
    machine = world.add("insurer", {"eth0": "lan"})
    segments.stand(machine, "eth0", f"{SERVER}/26", str(addresses.ROUTER_LAN.ip))
    machine.popen(
        *("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-hosts", "--no-resolv"),
        *("--bind-interfaces", f"--listen-address={SERVER}", "--local=/example/"),
        "--host-record=portal.insurer.example,192.0.2.20,2001:db8::20",
        "--host-record=www.six.example,192.0.2.21,2001:db8::21",
    )


def _ask(world: World, name: str, kind: str = "A") -> tuple[Rcode, list[str]]:
    with world.machines["reception"].socket(kind=socket.SOCK_DGRAM) as udp:
        udp.setblocking(False)
        query = dns.message.make_query(name, kind)
        answer = dns.query.udp(query, str(addresses.ROUTER_LAN.ip), LIMIT, sock=udp)
    return answer.rcode(), [record.to_text() for rrset in answer.answer for record in rrset]
