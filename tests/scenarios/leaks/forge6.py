"""Packets of every kind that IPv6 has, for a line by IPv6; see `forge`."""

from __future__ import annotations

from collections.abc import Iterator

from scapy.layers.dhcp6 import DHCP6_Reply, DHCP6OptClientId
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoReply,
    ICMPv6EchoRequest,
    ICMPv6MLQuery,
    ICMPv6ND_RA,
    ICMPv6ND_Redirect,
    ICMPv6NDOptPrefixInfo,
    ICMPv6NIQueryName,
    ICMPv6PacketTooBig,
    ICMPv6ParamProblem,
    ICMPv6TimeExceeded,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
    PadN,
)
from scapy.layers.ipsec import ESP
from scapy.layers.l2 import GRE
from scapy.packet import Raw

from tests.lab import addresses
from tests.scenarios.leaks.marks import Marks, Named
from tests.scenarios.steps import GATE_PORT

_TERMINAL = str(addresses.TERMINALS["reception"].address.ip)
_ENGINE = str(addresses.ENGINES["e1"].receipt.ip)
_ERRORS = {
    "unreachable": ICMPv6DestUnreach(code=4),
    "too big": ICMPv6PacketTooBig(mtu=1280),
    "time exceeded": ICMPv6TimeExceeded(),
    "parameter problem": ICMPv6ParamProblem(code=1),
}


def protocols6(source: str, target: str, marks: Marks) -> Iterator[Named]:
    """From `source` to `target`; what is inside another packet is for the LAN."""
    ip, body = IPv6(src=source, dst=target), marks.body
    near = IPv6(src=source, dst=target, hlim=255)
    for port in (22, 53, 80, 443, 9464, GATE_PORT):
        yield f"tcp syn {port}", ip / marks.tcp(40000, port, "S")
    for flags in ("A", "R", "SA", "F", ""):
        yield f"tcp {flags or 'no'} flags", ip / marks.tcp(443, 443, flags)
    yield "dns", ip / UDP(sport=40000, dport=53) / DNS(rd=1, qd=DNSQR(qname=marks.name()))
    for port in (123, 443, 546, 547, 1900, 3784, 5353, 51820):
        yield f"udp {port}", ip / UDP(sport=40000, dport=port) / body()
    for port in (53, 547, 51820):
        yield f"udp from {port}", ip / UDP(sport=port, dport=40000) / body()
    given = DHCP6OptClientId(duid=marks.draw())
    yield "dhcpv6 reply", ip / UDP(sport=547, dport=546) / DHCP6_Reply() / given
    yield "echo", ip / ICMPv6EchoRequest(id=7) / body()
    yield "echo reply", ip / ICMPv6EchoReply(id=7) / body()
    yield "node information", ip / ICMPv6NIQueryName() / body()
    yield "listener query", ip / ICMPv6MLQuery() / body()
    about = IPv6(src=target, dst=source) / UDP(sport=1, dport=1)
    for name, error in _ERRORS.items():
        yield name, ip / error / about / body()
    yield "redirect", near / ICMPv6ND_Redirect(tgt=source, dst="2001:db8::80") / body()
    prefix = ICMPv6NDOptPrefixInfo(prefix="2001:db8:666::", prefixlen=64)
    yield "advertisement", near / ICMPv6ND_RA(routerlifetime=0) / prefix / body()
    inner = IP(src=_ENGINE, dst=_TERMINAL) / UDP(dport=443)
    yield "4in6", ip / inner / body()
    yield "6in6", ip / IPv6(src=source, dst=target) / UDP(dport=443) / body()
    yield "gre", ip / GRE() / inner / body()
    yield "esp", ip / ESP(spi=7, seq=1, data=marks.draw())
    for name, number in {"sctp": 132, "udp-lite": 136, "no next header": 59, "protocol 253": 253}.items():
        yield name, IPv6(src=source, dst=target, nh=number) / Raw(bytes(12) + marks.draw())
    for kind in (0, 2, 4):
        routed = IPv6ExtHdrRouting(type=kind, addresses=["2001:db8::80"])
        yield f"routing header {kind}", ip / routed / UDP(dport=443) / body()
    padded = [PadN(optdata=bytes(4))]
    yield "hop by hop", ip / IPv6ExtHdrHopByHop(options=padded) / UDP(dport=443) / body()
    yield "destination options", ip / IPv6ExtHdrDestOpt(options=padded) / UDP(dport=51820) / body()
    yield from _fragments(ip, marks)


def _fragments(ip: IPv6, marks: Marks) -> Iterator[Named]:
    """Whole, alone, and overlapping, which no host may put together (RFC 5722)."""
    whole = bytes(UDP(sport=40000, dport=51820, len=8 + 64) / Raw(marks.draw()[:28] * 2 + bytes(8)))

    def part(content: bytes, offset: int, more: bool) -> IPv6:
        return ip / IPv6ExtHdrFragment(nh=17, offset=offset // 8, m=more, id=marks.number) / Raw(content)

    yield "fragments", part(whole[:40], 0, True)
    yield "fragments", part(whole[40:], 40, False)
    yield "atomic fragment", part(bytes(UDP(sport=40000, dport=51820)) + marks.draw(), 0, False)
    yield "last fragment alone", part(marks.draw(), 320, False)
    word = marks.draw()
    yield "overlapping fragments", part(bytes(8) + word[:24], 0, True)
    yield "overlapping fragments", part(word, 16, False)
