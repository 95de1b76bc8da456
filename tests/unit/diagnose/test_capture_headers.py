"""Whatever is captured without payload holds none: for any protocol, any port, any options, and any nonsense."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP, IPerror, TCPerror
from scapy.layers.inet6 import (
    ICMPv6DestUnreach,
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
)
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw

from appliance.diagnose.capture import headers, pcap

WORD = b"PAYLOAD-OF-SOMEBODY"
ports = st.integers(0, 65535)
BODY = Raw(WORD)


def transports() -> st.SearchStrategy[Packet]:
    options = st.sampled_from(([], [("MSS", 1394), ("WScale", 7)], [("Timestamp", (1, 2)), ("SAckOK", "")]))
    return st.one_of(
        st.builds(lambda s, d, o: TCP(sport=s, dport=d, options=o) / BODY, ports, ports, options),
        st.builds(lambda s, d: UDP(sport=s, dport=d) / BODY, ports, ports),
    )


def four() -> st.SearchStrategy[Packet]:
    quoted = IPerror(src="192.0.2.1", dst="203.0.113.17") / TCPerror(sport=5, dport=443) / BODY
    inner = st.one_of(transports(), st.just(ICMP() / BODY), st.just(ICMP(type=3, code=1) / quoted), st.just(Raw(WORD)))
    return st.one_of(
        inner.map(lambda inside: IP() / inside),
        st.builds(lambda p: IP(proto=p) / BODY, st.sampled_from((4, 41, 47, 50, 132))),
        st.builds(lambda f: IP(frag=f, proto=17) / BODY, st.integers(1, 8191)),
    )


def six() -> st.SearchStrategy[Packet]:
    inner = st.one_of(transports(), st.just(ICMPv6EchoRequest(data=WORD)), st.just(Raw(WORD)))
    error = IPv6() / ICMPv6DestUnreach() / IPv6(src="2001:db8::1") / UDP(sport=1, dport=2) / BODY
    return st.one_of(
        inner.map(lambda inside: IPv6() / inside),
        inner.map(lambda inside: IPv6() / IPv6ExtHdrHopByHop() / IPv6ExtHdrDestOpt() / inside),
        st.builds(lambda f: IPv6() / IPv6ExtHdrFragment(offset=f, nh=17) / BODY, st.integers(1, 8000)),
        st.just(error),
    )


def frames() -> st.SearchStrategy[bytes]:
    packets = st.one_of(four(), six())
    head = Ether(src="02:00:00:00:02:10", dst="02:00:00:00:01:01")
    return st.one_of(
        packets.map(lambda packet: bytes(head / packet)),
        packets.map(lambda packet: bytes(head / Dot1Q(vlan=7) / packet)),
        st.integers(0x0600, 0xFFFF)
        .filter(lambda kind: kind not in (0x0800, 0x86DD, 0x8100, 0x88A8, 0x0806))
        .map(lambda kind: bytes(Ether(type=kind) / BODY)),
    )


@given(frames())
def test_no_payload_of_a_frame_is_kept(frame: bytes) -> None:
    kept = frame[: headers.of_frame(frame)]
    assert WORD not in frame or len(kept) < len(frame)
    assert not any(WORD[at : at + 8] in kept for at in range(len(WORD) - 7))


@given(st.one_of(four(), six()).map(bytes))
def test_no_payload_of_a_packet_is_kept(packet: bytes) -> None:
    kept = packet[: headers.of_packet(packet)]
    assert not any(WORD[at : at + 8] in kept for at in range(len(WORD) - 7))


def test_headers_are_kept_whole() -> None:
    tcp = bytes(Ether() / IP() / TCP(options=[("MSS", 1394), ("WScale", 7)]) / BODY)
    assert headers.of_frame(tcp) == len(tcp) - len(WORD)
    udp = bytes(Ether() / Dot1Q(vlan=3) / IP(options=b"\x94\x04\x00\x00") / UDP() / BODY)
    assert headers.of_frame(udp) == len(udp) - len(WORD)
    arp = bytes(Ether() / ARP())
    assert headers.of_frame(arp + bytes(18)) == len(arp)
    error = bytes(IP() / ICMP(type=3, code=13) / IPerror() / TCPerror(sport=5, dport=443))
    assert error[headers.of_packet(error) - 8 :][:4] == struct.pack("!HH", 5, 443)


@given(st.binary(max_size=200))
def test_nonsense_is_never_longer_than_it_is(data: bytes) -> None:
    assert 0 <= headers.of_frame(data) <= len(data)
    assert 0 <= headers.of_packet(data) <= len(data)


@given(st.binary(max_size=100), st.integers(0, 2**62))
def test_a_record_says_what_it_holds(kept: bytes, at: int) -> None:
    entry = pcap.record(at, kept, len(kept) + 7)
    assert len(entry) == pcap.RECORD_HEAD + len(kept)
    assert struct.unpack("<II", entry[8:16]) == (len(kept), len(kept) + 7)
    assert len(pcap.head(pcap.ETHERNET)) == pcap.HEAD
