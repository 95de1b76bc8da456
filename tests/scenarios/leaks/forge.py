"""Frames as attackers make them, each with a word in it by which it is known wherever it comes to light.

A process of its own (``python -m tests.scenarios.leaks.forge``), because scapy is heavy: reads `Place`s as JSON,
one a line, and writes the frames of each sender.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import sys
from collections.abc import Iterator

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_SSRR
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6ND_NA,
    ICMPv6ND_RA,
    ICMPv6NDOptPrefixInfo,
    IPv6,
)
from scapy.layers.ipsec import ESP
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.packet import Packet, Raw

from tests.scenarios.leaks import canary
from tests.scenarios.leaks.canary import Canary, Place
from tests.scenarios.steps import GATE_PORT

V6 = ("2001:db8::80", "ff02::1", "fe80::1")
EVERYBODY = "255.255.255.255"
EVERYBODY_MAC = "ff:ff:ff:ff:ff:ff"

Named = tuple[str, Packet]


class Marks:
    """A new word for every packet."""

    def __init__(self) -> None:
        self.number = 0

    def draw(self) -> bytes:
        self.number += 1
        return canary.word(self.number).encode() * 2

    def body(self) -> Raw:
        return Raw(self.draw())

    def name(self) -> str:
        self.number += 1
        return f"{canary.word(self.number)}.public.example"


def protocols(source: str, target: str, marks: Marks) -> Iterator[Named]:
    """Packets of every kind from `source` to `target`."""
    ip, body = IP(src=source, dst=target), marks.body
    for port in (80, 443, 9464, GATE_PORT):
        yield f"tcp syn {port}", ip / TCP(sport=40000, dport=port, flags="S") / body()
    for flags in ("A", "R", "SA", "F", ""):
        yield f"tcp {flags or 'no'} flags", ip / TCP(sport=443, dport=443, flags=flags, seq=1, ack=1) / body()
    yield "dns", ip / UDP(sport=40000, dport=53) / DNS(rd=1, qd=DNSQR(qname=marks.name()))
    for port in (123, 443, 1900, 3784, 5353, 51820):
        yield f"udp {port}", ip / UDP(sport=40000, dport=port) / body()
    yield "udp from 53", ip / UDP(sport=53, dport=40000) / body()
    yield "udp from 51820", ip / UDP(sport=51820, dport=40000) / body()
    yield "icmp echo", ip / ICMP(id=7) / body()
    yield "icmp echo reply", ip / ICMP(type=0, id=7) / body()
    yield "icmp timestamp", ip / ICMP(type=13) / body()
    about = IP(src=target, dst=source) / UDP(sport=1, dport=1)
    yield "icmp unreachable", ip / ICMP(type=3, code=4) / about / body()
    yield "icmp redirect", ip / ICMP(type=5, code=1, gw=source) / about / body()
    yield "gre", ip / GRE() / IP(src=source, dst=target) / UDP() / body()
    yield "ipip", ip / IP(src=source, dst=target) / UDP(dport=443) / body()
    yield "6in4", IP(src=source, dst=target, proto=41) / IPv6(dst=V6[0]) / UDP() / body()
    yield "esp", ip / ESP(spi=7, seq=1, data=marks.draw())
    for name, number in {"igmp": 2, "sctp": 132, "udp-lite": 136, "protocol 253": 253}.items():
        yield name, IP(src=source, dst=target, proto=number) / Raw(bytes(12) + marks.draw())
    for kind in (IPOption_LSRR, IPOption_SSRR):
        routed = IP(src=source, dst=target, options=[kind(routers=["198.51.100.80"])])
        yield f"{kind.__name__} source route", routed / UDP(dport=443) / body()
    whole = ip / UDP(sport=40000, dport=443) / Raw(marks.draw() * 60)
    for part in whole.fragment(600):  # type: ignore[no-untyped-call]
        yield "fragments", part
    yield "last fragment alone", IP(src=source, dst=target, proto=6, frag=40, id=9) / body()
    yield "first fragment alone", IP(src=source, dst=target, proto=6, flags="MF", id=10) / Raw(marks.draw()[:24])


def oddities(own: str, neighbours: tuple[str, ...], marks: Marks) -> Iterator[tuple[str, str, Packet]]:
    """What only a neighbour on the same wire can send: name, destination MAC (empty: the router's), packet."""
    body = marks.body
    for target in V6:
        v6 = IPv6(src="fe80::66", dst=target)
        yield f"ipv6 udp to {target}", "", v6 / UDP(dport=443) / body()
        yield f"ipv6 tcp to {target}", "", v6 / TCP(dport=443) / body()
        yield f"ipv6 echo to {target}", "", v6 / ICMPv6EchoRequest() / body()
        yield f"ipv6 neighbour to {target}", "", v6 / ICMPv6ND_NA(tgt="fe80::1") / body()
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:666::", prefixlen=64)
    advert = IPv6(src="fe80::66", dst="ff02::1", hlim=255) / ICMPv6ND_RA(routerlifetime=1800) / prefix
    yield "rogue router advertisement", "33:33:00:00:00:01", advert / body()
    for address in neighbours:
        claim = ARP(op=2, psrc=address, pdst=address, hwdst=EVERYBODY_MAC)
        yield f"gratuitous arp for {address}", EVERYBODY_MAC, claim / body()
        yield f"arp question for {address}", EVERYBODY_MAC, ARP(psrc=own, pdst=address) / body()
        ip = IP(src=own, dst=address)
        yield f"vlan-tagged to {address}", "", Dot1Q(vlan=10) / ip / UDP(dport=443) / body()
        yield f"priority-tagged to {address}", "", Dot1Q(vlan=0) / ip / UDP(dport=443) / body()
    offer = IP(src=own, dst=EVERYBODY) / UDP(sport=67, dport=68) / BOOTP(op=2, yiaddr="192.0.2.40", siaddr=own)
    options = [("message-type", "offer"), ("router", own), ("hostname", marks.draw()), "end"]
    yield "rogue dhcp offer", EVERYBODY_MAC, offer / DHCP(options=options)
    question = IP(src="0.0.0.0", dst=EVERYBODY) / UDP(sport=68, dport=67) / BOOTP(chaddr=b"\x02\0\0\0\2\x77")
    options = [("message-type", "discover"), ("hostname", marks.draw()), "end"]
    yield "dhcp discover", EVERYBODY_MAC, question / DHCP(options=options)
    for group, mac in (("224.0.0.251", "01:00:5e:00:00:fb"), ("239.1.1.1", "01:00:5e:01:01:01")):
        yield f"multicast {group}", mac, IP(src=own, dst=group, ttl=8) / UDP(dport=5353) / body()
    for target in (EVERYBODY, "192.0.2.63"):
        yield f"broadcast {target}", EVERYBODY_MAC, IP(src=own, dst=target) / UDP(dport=9) / body()


def canaries(place: Place, marks: Marks) -> Iterator[Canary]:
    """All kinds in the sender's own name to every target, and to the first two in every other name."""

    def frame(packet: Packet, to: str = "") -> str:
        whole = Ether(src=place.mac, dst=to or place.next_hop) / packet if place.mac else packet
        return base64.b64encode(bytes(whole)).decode()

    for source in place.sources:
        for target in place.targets if source == place.sources[0] else place.targets[:2]:
            for name, packet in protocols(source, target, marks):
                yield Canary(marks.number, place.sender, f"{name}: {source} to {target}", frame(packet))
    if place.mac:
        for name, to, packet in oddities(place.sources[0], place.neighbours, marks):
            yield Canary(marks.number, place.sender, name, frame(packet, to))


if __name__ == "__main__":
    drawn = Marks()
    for line in sys.stdin:
        for one in canaries(Place(**json.loads(line)), drawn):
            print(json.dumps(dataclasses.asdict(one)))
