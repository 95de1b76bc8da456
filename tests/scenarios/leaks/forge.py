"""Frames as attackers make them, each with a word in it by which it is known wherever it comes to light.

A process of its own (``python -m tests.scenarios.leaks.forge``), because scapy is heavy: reads `Place`s as JSON,
one a line, and writes the frames of each sender.
"""

from __future__ import annotations

import base64
import dataclasses
import json
import socket
import sys
from collections.abc import Iterator

from scapy.layers.dhcp import BOOTP, DHCP
from scapy.layers.dhcp6 import DHCP6_Advertise, DHCP6_Solicit, DHCP6OptClientId
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPOption_LSRR, IPOption_SSRR
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    ICMPv6MLReport,
    ICMPv6ND_NA,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6ND_RS,
    ICMPv6NDOptPrefixInfo,
    IPv6,
    IPv6ExtHdrFragment,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import ESP
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.packet import Packet, Raw
from scapy.utils import checksum

from tests.scenarios.leaks.canary import Canary, Place
from tests.scenarios.leaks.forge6 import protocols6
from tests.scenarios.leaks.marks import Marks, Named
from tests.scenarios.steps import GATE_PORT

V6 = ("2001:db8::80", "ff02::1", "fe80::1")
EVERYBODY = "255.255.255.255"
EVERYBODY_MAC = "ff:ff:ff:ff:ff:ff"


def protocols(source: str, target: str, marks: Marks) -> Iterator[Named]:
    """Packets of every kind from `source` to `target`."""
    ip, body = IP(src=source, dst=target), marks.body
    for port in (80, 443, 9464, GATE_PORT):
        yield f"tcp syn {port}", ip / marks.tcp(40000, port, "S")
    for flags in ("A", "R", "SA", "F", ""):
        yield f"tcp {flags or 'no'} flags", ip / marks.tcp(443, 443, flags)
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
        yield name, IP(src=source, dst=target, proto=number) / summed(bytes(12) + marks.draw())
    for kind in (IPOption_LSRR, IPOption_SSRR):
        routed = IP(src=source, dst=target, options=[kind(routers=["198.51.100.80"])])
        yield f"{kind.__name__} source route", routed / UDP(dport=443) / body()
    yield from fragments(source, target, marks)


def summed(payload: bytes) -> Raw:
    """With the checksum of IGMP (RFC 3376 section 4.1.2) and of whoever does it the same way."""
    return Raw(payload[:2] + checksum(payload).to_bytes(2, "big") + payload[4:])


def fragments(source: str, target: str, marks: Marks) -> Iterator[Named]:
    """Whole, alone, and so that a filter could be told another story than the host behind it (RFC 1858, RFC 3128)."""

    def part(content: bytes, offset: int, more: bool, protocol: int = 6) -> Packet:
        flags = "MF" if more else ""
        header = IP(src=source, dst=target, proto=protocol, frag=offset // 8, flags=flags, id=marks.number)
        return header / Raw(content)

    whole = IP(src=source, dst=target) / UDP(sport=40000, dport=443) / Raw(marks.draw() * 60)
    for one in whole.fragment(600):  # type: ignore[no-untyped-call]
        yield "fragments", one
    yield "last fragment alone", part(marks.draw(), 320, more=False)
    yield "first fragment alone", part(marks.draw()[:24], 0, more=True)
    harmless = bytes(TCP(sport=40000, dport=9, flags="A", seq=1))[:16]
    word = marks.draw()
    yield "tiny fragments", part(harmless[:8] + word[:16], 0, more=True)
    yield "tiny fragments", part(word, 24, more=False)
    syn = bytes(TCP(sport=40000, dport=443, flags="S", seq=1))
    word = marks.draw()
    yield "overlapping fragments", part(harmless + word[:32], 0, more=True)
    yield "overlapping fragments", part(syn[8:] + word, 8, more=False)


def oddities(own: str, neighbours: tuple[str, ...], marks: Marks) -> Iterator[tuple[str, str, Packet]]:
    """What only a neighbour on the same wire can send: name, destination MAC (empty: the router's), packet."""
    body = marks.body
    for target in V6:
        v6 = IPv6(src="fe80::66", dst=target)
        yield f"ipv6 udp to {target}", "", v6 / UDP(dport=443) / body()
        yield f"ipv6 tcp to {target}", "", v6 / TCP(dport=443) / body()
        yield f"ipv6 echo to {target}", "", v6 / ICMPv6EchoRequest() / body()
        yield f"ipv6 neighbour to {target}", "", v6 / ICMPv6ND_NA(tgt="fe80::1") / body()
        yield f"ipv6 multicast listener to {target}", "", v6 / ICMPv6MLReport(mladdr="ff02::16") / body()
        yield f"ipv6 source route to {target}", "", v6 / IPv6ExtHdrRouting(addresses=[V6[0]]) / UDP() / body()
        yield f"ipv6 fragment to {target}", "", v6 / IPv6ExtHdrFragment(m=1, nh=17) / UDP() / body()
        redirect = ICMPv6ND_Redirect(tgt="fe80::66", dst=V6[0])
        yield f"ipv6 redirect to {target}", "", IPv6(src="fe80::1", dst=target, hlim=255) / redirect / body()
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:666::", prefixlen=64)
    advert = IPv6(src="fe80::66", dst="ff02::1", hlim=255) / ICMPv6ND_RA(routerlifetime=1800) / prefix
    yield "rogue router advertisement", "33:33:00:00:00:01", advert / body()
    sought = IPv6(src="fe80::66", dst="ff02::2", hlim=255) / ICMPv6ND_RS() / body()
    yield "ipv6 router solicitation", "33:33:00:00:00:02", sought
    client = DHCP6OptClientId(duid=marks.draw())
    offered = IPv6(src="fe80::66", dst="fe80::1") / UDP(sport=547, dport=546) / DHCP6_Advertise() / client
    yield "rogue dhcpv6 offer", "", offered
    client = DHCP6OptClientId(duid=marks.draw())
    asked = IPv6(src="fe80::66", dst="ff02::1:2") / UDP(sport=546, dport=547) / DHCP6_Solicit() / client
    yield "dhcpv6 question", "33:33:00:01:00:02", asked
    for address in neighbours:
        claim = ARP(op=2, psrc=address, pdst=address, hwdst=EVERYBODY_MAC)
        yield f"gratuitous arp for {address}", EVERYBODY_MAC, claim / body()
        yield f"arp question for {address}", EVERYBODY_MAC, ARP(psrc=own, pdst=address) / body()
        yield f"arp answer in the name of {address}", "", ARP(op=2, psrc=address, pdst=neighbours[0]) / body()
        ip = IP(src=own, dst=address)
        yield f"vlan-tagged to {address}", "", Dot1Q(vlan=10) / ip / UDP(dport=443) / body()
        yield f"priority-tagged to {address}", "", Dot1Q(vlan=0) / ip / UDP(dport=443) / body()
    offer = IP(src=own, dst=EVERYBODY) / UDP(sport=67, dport=68) / BOOTP(op=2, yiaddr="192.0.2.40", siaddr=own)
    options = [("message-type", "offer"), ("router", own), ("hostname", marks.draw()), "end"]
    yield "rogue dhcp offer", EVERYBODY_MAC, offer / DHCP(options=options)
    question = IP(src="0.0.0.0", dst=EVERYBODY) / UDP(sport=68, dport=67) / BOOTP(chaddr=b"\x02\0\0\0\2\x77")
    options = [("message-type", "discover"), ("hostname", marks.draw()), "end"]
    yield "dhcp discover", EVERYBODY_MAC, question / DHCP(options=options)
    for group, mac, port in (
        ("224.0.0.251", "01:00:5e:00:00:fb", 5353),
        ("224.0.0.252", "01:00:5e:00:00:fc", 5355),
        ("239.255.255.250", "01:00:5e:7f:ff:fa", 1900),
        ("239.1.1.1", "01:00:5e:01:01:01", 9),
    ):
        yield f"multicast {group}", mac, IP(src=own, dst=group, ttl=8) / UDP(dport=port) / body()
        report = IP(src=own, dst=group, ttl=1, proto=2) / summed(b"\x16\0\0\0" + socket.inet_aton(group) + marks.draw())
        yield f"igmp report of {group}", mac, report
    for target in (EVERYBODY, "192.0.2.63"):
        for port in (9, 137, 138):
            yield f"broadcast {target} {port}", EVERYBODY_MAC, IP(src=own, dst=target) / UDP(dport=port) / body()


def canaries(place: Place, marks: Marks) -> Iterator[Canary]:
    """All kinds in the sender's own name to every target, and to the first two in every other name."""

    def frame(packet: Packet, to: str = "") -> str:
        whole = Ether(src=place.mac, dst=to or place.next_hop) / packet if place.mac else packet
        return base64.b64encode(bytes(whole)).decode()

    for source in place.sources:
        for target in place.targets if source == place.sources[0] else place.targets[:2]:
            kinds = protocols6 if ":" in source else protocols
            for name, packet in kinds(source, target, marks):
                yield Canary(marks.number, place.sender, name, source, target, frame(packet))
    if place.neighbours:
        for name, to, packet in oddities(place.sources[0], place.neighbours, marks):
            yield Canary(marks.number, place.sender, name, "", "", frame(packet, to))


if __name__ == "__main__":
    drawn = Marks()
    for line in sys.stdin:
        for one in canaries(Place(**json.loads(line)), drawn):
            print(json.dumps(dataclasses.asdict(one)))
