"""How much of a packet is headers: what is kept of it where payload is not to be seen.

Whatever the ports, whatever the protocol: what is not known to be a header is payload. Of an ICMP error the quoted
packet's addresses and ports are kept, since they are what it is about. Pure; the bytes are strangers'.
"""

from __future__ import annotations

_ETHERNET = 14
_IPV4, _IPV6, _ARP, _VLAN, _QINQ = 0x0800, 0x86DD, 0x0806, 0x8100, 0x88A8
_ARP_LENGTH = 28
_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_EXTENSIONS = frozenset({0, 43, 60})
"""IPv6 options and routing headers, all of one form (RFC 8200 section 4.3 to 4.6)."""
_FRAGMENT = 44
_ERRORS4 = frozenset({3, 4, 5, 11, 12})
_ERRORS6 = frozenset({1, 2, 3, 4})
_QUOTED_PORTS = 8
"""Bytes of the quoted packet's own payload that every error carries (RFC 792): ports and sequence number."""


def of_frame(frame: bytes) -> int:
    """Bytes to keep of an Ethernet frame."""
    at, kind = _ETHERNET, _word(frame, 12)
    while kind in (_VLAN, _QINQ):
        kind = _word(frame, at + 2)
        at += 4
    if kind == _ARP:
        return min(at + _ARP_LENGTH, len(frame))
    if kind in (_IPV4, _IPV6):
        return min(at + of_packet(frame[at:]), len(frame))
    return min(at, len(frame))


def of_packet(packet: bytes) -> int:
    """Bytes to keep of an IP packet, of either version."""
    return min(_of_ip(packet, is_quoted=False), len(packet))


def _of_ip(packet: bytes, *, is_quoted: bool) -> int:
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        head = max(20, (packet[0] & 15) * 4)
        is_later_piece = bool(_word(packet, 6) & 0x1FFF)
        return head if is_later_piece else head + _of_transport(packet[9], packet[head:], is_quoted=is_quoted)
    if version == 6 and len(packet) >= 40:
        return _of_ipv6(packet, is_quoted=is_quoted)
    return 0


def _of_ipv6(packet: bytes, *, is_quoted: bool) -> int:
    at, kind = 40, packet[6]
    while kind in _EXTENSIONS or kind == _FRAGMENT:
        if len(packet) < at + 8:
            return at
        is_later_piece = kind == _FRAGMENT and bool(_word(packet, at + 2) & 0xFFF8)
        length = 8 if kind == _FRAGMENT else (packet[at + 1] + 1) * 8
        kind, at = packet[at], at + length
        if is_later_piece:
            return at
    return at + _of_transport(kind, packet[at:], is_quoted=is_quoted)


def _of_transport(kind: int, segment: bytes, *, is_quoted: bool) -> int:
    if is_quoted:
        return _QUOTED_PORTS if kind in (_TCP, _UDP) else 0
    match kind:
        case 6:
            return max(20, (segment[12] >> 4) * 4) if len(segment) >= 20 else 0
        case 17:
            return 8
        case 1:
            is_error = bool(segment) and segment[0] in _ERRORS4
            return 8 + (_of_ip(segment[8:], is_quoted=True) if is_error else 0)
        case 58:
            is_error = bool(segment) and segment[0] in _ERRORS6
            return 8 + (_of_ip(segment[8:], is_quoted=True) if is_error else 0)
        case _:
            return 0


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")
