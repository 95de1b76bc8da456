"""From the start to the end of the router's life nothing but the tunnels' own business passes its WAN port."""

from __future__ import annotations

import pytest
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Packet

from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios import frames
from tests.scenarios.steps import GATE_PORT, MODES, engine_addresses, firewall_counter

pytestmark = pytest.mark.namespaces

CONCENTRATORS = " or ".join(f"dst host {place.outside.ip}" for place in addresses.CONCENTRATORS.values())
BUSINESS = (
    f"(udp dst port {addresses.WIREGUARD_PORT} and ({CONCENTRATORS})) or arp or (udp src port 68 and udp dst port 67)"
    f" or (dst host {addresses.UPPER_LAN.ip} and dst port 53)"
)
UNEXPECTED = f"ether src {addresses.ROUTER_WAN_MAC} and not ({BUSINESS})"

OUR_PORT = 40000
"""The scanner's, by which its packets are known wherever they come to light."""
SCAN = f"port {OUR_PORT} or icmp[icmptype] == icmp-echo"
PORTS = [1, 7, 21, 22, 23, 25, 53, 67, 68, 80, 110, 123, 139, 161, 179, 443, 445, 500, 546, 1194, 1900, 3389, 3784]
PORTS += [4500, 4784, 5351, 5353, 5432, 6432, 8000, 8080, 8210, 8443, 9090, 9464, 10443, GATE_PORT, 51820, 65535]


def test_wan_is_closed(world: World) -> None:
    line = Capture(world.machines["upper"], "lan0", UNEXPECTED)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    for host in MODES:
        world.client("reception", host).login()
    _scan(world)
    world.cut_tunnel(1)
    until(lambda: world.concentrator_in_use() == 2, "the other tunnel carries")
    world.client("reception").login()
    line.stop()
    assert line.lines() == []
    # From here on the port gets back its own IPv6, which is not ours to explain.
    line = Capture(world.machines["upper"], "lan0", f"ip and {UNEXPECTED}")
    world.router.sekisho("down", timeout=120)
    world.stop_appliance()
    line.stop()
    assert line.lines() == []


def _scan(world: World) -> None:
    """By somebody on the same segment, who can send the router whatever he likes."""
    router, upper = world.machines["router"], world.machines["upper"]
    wan = router.run("hostname", "--all-ip-addresses").stdout.split()
    own = next(address for address in wan if address.startswith("192.0.2.7"))
    captures = [Capture(upper, "lan0", f"ether src {addresses.ROUTER_WAN_MAC} and ({SCAN})")]
    # The router itself asks its neighbours in the tunnels how large a packet may be.
    asked = " or ".join(f"host {place.inner}" for place in addresses.CONCENTRATORS.values())
    captures += [
        Capture(router, interface, f"({SCAN}) and not (icmp and ({asked}))")
        for interface in ("lan0", "sk-dc1", "sk-dc2")
    ]
    dropped = firewall_counter(world, "dropped_wan")

    inside = [str(addresses.TERMINALS["reception"].address.ip), str(addresses.ROUTER_LAN.ip)]
    inside += [str(addresses.CLINIC_INNER), *engine_addresses(addresses.RECEIPT_HOST)]
    packets = [probe for target in (own, *inside) for probe in _probes(str(addresses.UPPER_LAN.ip), target)]
    packets += [probe for source in inside for probe in _probes(source, own)]
    # In a concentrator's name, to the tunnel's own port: only WireGuard may hear it, and it says nothing.
    tunnel_ports = [line.split()[1] for line in router.run("wg", "show", "all", "listen-port").stdout.splitlines()]
    concentrator = IP(src=str(addresses.CONCENTRATORS[1].outside.ip), dst=own)
    packets += [
        concentrator / UDP(sport=addresses.WIREGUARD_PORT, dport=int(port)) / bytes(148) for port in tunnel_ports
    ]
    frames.send(upper, "lan0", addresses.ROUTER_WAN_MAC, packets)

    until(lambda: firewall_counter(world, "dropped_wan") >= dropped + 2 * len(PORTS), "all of it has arrived")
    for host in MODES:
        world.client("reception", host).login()
    for capture in captures:
        capture.stop()
        assert capture.lines() == []


def _probes(source: str, target: str) -> list[Packet]:
    ip = IP(src=source, dst=target)
    half = [ip / TCP(sport=OUR_PORT, dport=port) for port in PORTS]
    half += [ip / UDP(sport=OUR_PORT, dport=port) / b"who is there?" for port in PORTS]
    odd = [ip / TCP(sport=OUR_PORT, dport=443, flags=flags) for flags in ("A", "R", "F", "SA", "FPU", "")]
    return [*half, *odd, ip / ICMP(), ip / ICMP(type=13), ip / ICMP(type=8, id=OUR_PORT)]
