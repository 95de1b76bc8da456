"""Ethernet frames that ask over IPv6, and what their answers say. Bytes only: no socket, no clock.

The questions come from a link-local address that exists in these frames only; whoever wants to
answer it by unicast looks for its neighbour first, hence `neighbour_answer`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv6Address, IPv6Network

from appliance.diagnose.line.evidence import Advertisement, Delegation
from appliance.diagnose.line.frames4 import checksum, ethernet, payload_of

_IPV6 = 0x86DD
_ICMP6, _UDP = 58, 17
_NOBODY = IPv6Address(0)
_ALL_ROUTERS = IPv6Address("ff02::2")
_DHCP_SERVERS = IPv6Address("ff02::1:2")
_SOLICIT_ROUTER, _ADVERTISE_ROUTER, _SOLICIT_NEIGHBOUR, _ADVERTISE_NEIGHBOUR = 133, 134, 135, 136
_PREFIX_INFORMATION = 3
_SOLICIT, _ADVERTISE, _REPLY, _INFORMATION = 1, 2, 7, 11
_CLIENT_ID, _WANTED, _ELAPSED, _DNS, _IA_PD, _IA_PREFIX, _AFTR, _MAP_E = 1, 6, 8, 23, 25, 26, 64, 94


def link_local(mac: bytes) -> IPv6Address:
    """The port's own link-local address, from its MAC (RFC 4291 appendix A)."""
    return IPv6Address(b"\xfe\x80" + b"\0" * 6 + bytes([mac[0] ^ 2]) + mac[1:3] + b"\xff\xfe" + mac[3:])


def router_solicitation(mac: bytes) -> bytes:
    """RFC 4861 section 4.1, from the unspecified address: the answer goes to all nodes."""
    message = _icmp6(_NOBODY, _ALL_ROUTERS, struct.pack("!BBHI", _SOLICIT_ROUTER, 0, 0, 0))
    return _multicast(mac, _ALL_ROUTERS, message)


def router_advertisement(frame: bytes) -> Advertisement | None:
    message = _icmp6_of(frame, _ADVERTISE_ROUTER)
    if message is None or len(message) < 16:
        return None
    packet = frame[14:]
    prefixes = []
    for kind, value in _neighbour_options(message[16:]):
        if kind == _PREFIX_INFORMATION and len(value) == 30 and value[0] <= 128:
            prefixes.append(IPv6Network((value[14:30], value[0]), strict=False))
    flags, lifetime = message[5], struct.unpack("!H", message[6:8])[0]
    return Advertisement(
        IPv6Address(packet[8:24]), bool(flags & 0x80), bool(flags & 0x40), lifetime, tuple(dict.fromkeys(prefixes))
    )


def neighbour_answer(frame: bytes, mac: bytes) -> bytes | None:
    """The advertisement that a solicitation for our link-local address waits for (RFC 4861 section 7.2.4)."""
    message = _icmp6_of(frame, _SOLICIT_NEIGHBOUR)
    own = link_local(mac)
    if message is None or len(message) < 24 or message[8:24] != own.packed:
        return None
    asker = IPv6Address(frame[22:38])
    if asker == _NOBODY:
        return None
    body = struct.pack("!BBHI", _ADVERTISE_NEIGHBOUR, 0, 0, 0x60000000) + own.packed + b"\x02\x01" + mac
    return ethernet(frame[6:12], mac, _IPV6, _packet(own, asker, _ICMP6, _icmp6(own, asker, body)))


def dhcp_solicit(mac: bytes, transaction: bytes) -> bytes:
    """Which prefix would be delegated, and which AFTR or MAP rules go with it? Nothing is requested."""
    return _dhcp(mac, _SOLICIT, transaction, _option(_IA_PD, struct.pack("!III", 1, 0, 0)))


def dhcp_information_request(mac: bytes, transaction: bytes) -> bytes:
    """The same about a line without delegation (RFC 8415 section 18.2.6)."""
    return _dhcp(mac, _INFORMATION, transaction, b"")


def dhcp_answer(frame: bytes, transaction: bytes) -> Delegation | None:
    """What a server advertises or replies to `transaction`."""
    packet = payload_of(frame, _IPV6)
    if packet is None or len(packet) < 52 or packet[6] != _UDP or packet[40:44] != struct.pack("!HH", 547, 546):
        return None
    message = packet[48:]
    if message[0] not in (_ADVERTISE, _REPLY) or message[1:4] != transaction:
        return None
    options = list(_options(message[4:]))
    prefixes = [prefix for kind, value in options if kind == _IA_PD for prefix in _delegated(value[12:])]
    aftr = next((_name(value) for kind, value in options if kind == _AFTR), "")
    return Delegation(tuple(dict.fromkeys(prefixes)), aftr, any(kind == _MAP_E for kind, _ in options))


def _dhcp(mac: bytes, kind: int, transaction: bytes, more: bytes) -> bytes:
    message = (
        bytes([kind])
        + transaction
        # DUID-LL (RFC 8415 section 11.4).
        + _option(_CLIENT_ID, struct.pack("!HH", 3, 1) + mac)
        + _option(_WANTED, struct.pack("!HHH", _DNS, _AFTR, _MAP_E))
        + _option(_ELAPSED, b"\0\0")
        + more
    )
    source = link_local(mac)
    head = struct.pack("!HHH", 546, 547, 8 + len(message))
    value = checksum(_pseudo(source, _DHCP_SERVERS, _UDP, 8 + len(message)) + head + b"\0\0" + message) or 0xFFFF
    return _multicast(mac, _DHCP_SERVERS, head + struct.pack("!H", value) + message, source, _UDP)


def _multicast(
    mac: bytes, group: IPv6Address, payload: bytes, source: IPv6Address = _NOBODY, kind: int = _ICMP6
) -> bytes:
    return ethernet(b"\x33\x33" + group.packed[12:], mac, _IPV6, _packet(source, group, kind, payload))


def _packet(source: IPv6Address, destination: IPv6Address, kind: int, payload: bytes) -> bytes:
    return struct.pack("!IHBB", 6 << 28, len(payload), kind, 255) + source.packed + destination.packed + payload


def _pseudo(source: IPv6Address, destination: IPv6Address, kind: int, length: int) -> bytes:
    return source.packed + destination.packed + struct.pack("!II", length, kind)


def _icmp6(source: IPv6Address, destination: IPv6Address, message: bytes) -> bytes:
    value = checksum(_pseudo(source, destination, _ICMP6, len(message)) + message)
    return message[:2] + struct.pack("!H", value) + message[4:]


def _icmp6_of(frame: bytes, kind: int) -> bytes | None:
    """The ICMPv6 message of this type, from a neighbour: hop limit 255 (RFC 4861 section 11.2)."""
    packet = payload_of(frame, _IPV6)
    if packet is None or len(packet) < 44 or packet[6] != _ICMP6 or packet[7] != 255 or packet[40] != kind:
        return None
    return packet[40 : 40 + struct.unpack("!H", packet[4:6])[0]]


def _neighbour_options(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 2 <= len(data) and data[at + 1]:
        yield data[at], data[at + 2 : at + data[at + 1] * 8]
        at += data[at + 1] * 8


def _option(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value


def _options(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack("!HH", data[at : at + 4])
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def _delegated(data: bytes) -> Iterator[IPv6Network]:
    for kind, value in _options(data):
        if kind == _IA_PREFIX and len(value) >= 25 and value[8] <= 128:
            yield IPv6Network((value[9:25], value[8]), strict=False)


def _name(data: bytes) -> str:
    """A domain name on the wire (RFC 1035 section 3.1), in letters that a host name has, else empty."""
    labels, at = [], 0
    while at < len(data) and data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode("ascii", "replace"))
        at += 1 + data[at]
    name = ".".join(labels)
    plain = all(character.isascii() and (character.isalnum() or character in "-.") for character in name)
    return name if plain and len(name) <= 253 else ""
