"""Ethernet frames that ask over IPv4 and PPPoE, and what their answers say. Bytes only: no socket, no clock.

Whoever answers is not to be trusted: a parser returns None for anything that is not exactly an answer.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface

from appliance.diagnose.line.evidence import AccessConcentrator, Offer

EVERYBODY = b"\xff" * 6
_IPV4, _ARP, _PPPOE_DISCOVERY = 0x0800, 0x0806, 0x8863
_COOKIE = b"\x63\x82\x53\x63"
_DISCOVER, _OFFER = 1, 2
_MASK, _ROUTER, _DNS, _MESSAGE_TYPE, _SERVER, _WANTED, _PORTAL, _END = 1, 3, 6, 53, 54, 55, 114, 255
_PADI, _PADO = 0x09, 0x07
_SERVICE_NAME, _AC_NAME, _HOST_UNIQ = 0x0101, 0x0102, 0x0103


def ethernet(destination: bytes, source: bytes, kind: int, payload: bytes) -> bytes:
    return destination + source + struct.pack("!H", kind) + payload


def payload_of(frame: bytes, kind: int) -> bytes | None:
    """What an Ethernet II frame of this type carries."""
    return frame[14:] if len(frame) > 14 and frame[12:14] == struct.pack("!H", kind) else None


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    padded = data + b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def dhcp_discover(mac: bytes, transaction: int) -> bytes:
    """DHCPDISCOVER (RFC 2131 section 4.4.1); the answer comes as a broadcast, since we have no address."""
    wanted = bytes([_MASK, _ROUTER, _DNS, _PORTAL])
    options = bytes([_MESSAGE_TYPE, 1, _DISCOVER, _WANTED, len(wanted)]) + wanted + bytes([_END])
    bootp = struct.pack("!BBBBIHH16x", 1, 1, 6, 0, transaction, 0, 0x8000) + mac.ljust(16, b"\0") + b"\0" * 192
    message = (bootp + _COOKIE + options).ljust(300, b"\0")
    udp = struct.pack("!HHHH", 68, 67, 8 + len(message), 0) + message
    return ethernet(EVERYBODY, mac, _IPV4, _ipv4(udp))


def dhcp_offer(frame: bytes, transaction: int) -> Offer | None:
    """The offer in `frame`, if it answers `transaction`."""
    said = udp(frame, 67, 68)
    if said is None or len(said) < 240 or said[236:240] != _COOKIE or said[0] != 2:
        return None
    if struct.unpack("!I", said[4:8])[0] != transaction:
        return None
    options = dict(_dhcp_options(said[240:]))
    mask = options.get(_MASK, b"")
    if options.get(_MESSAGE_TYPE) != bytes([_OFFER]) or len(mask) != 4:
        return None
    try:
        address = IPv4Interface(f"{IPv4Address(said[16:20])}/{IPv4Address(mask)}")
    except ValueError:
        return None
    routers, servers = _addresses(options.get(_ROUTER, b"")), _addresses(options.get(_SERVER, b""))
    return Offer(
        address,
        routers[0] if routers else None,
        _addresses(options.get(_DNS, b"")),
        _visible(options.get(_PORTAL, b"")),
        servers[0] if servers else None,
    )


def arp_probe(mac: bytes, target: IPv4Address) -> bytes:
    """Who has `target`? Asked as one who has no address yet (RFC 5227 section 2.1.1), so that nobody learns one."""
    return ethernet(
        EVERYBODY,
        mac,
        _ARP,
        struct.pack("!HHBBH", 1, _IPV4, 6, 4, 1) + mac + b"\0" * 4 + b"\0" * 6 + target.packed,
    )


def arp_answer(frame: bytes) -> tuple[IPv4Address, str] | None:
    """Who says that he is there, and his MAC."""
    arp = payload_of(frame, _ARP)
    if arp is None or len(arp) < 28 or arp[:8] != struct.pack("!HHBBH", 1, _IPV4, 6, 4, 2):
        return None
    return IPv4Address(arp[14:18]), arp[8:14].hex(":")


def padi(mac: bytes, unique: bytes) -> bytes:
    """PPPoE: is there any access concentrator, for any service (RFC 2516 section 5.1)?"""
    tags = struct.pack("!HHHH", _SERVICE_NAME, 0, _HOST_UNIQ, len(unique)) + unique
    frame = ethernet(EVERYBODY, mac, _PPPOE_DISCOVERY, struct.pack("!BBHH", 0x11, _PADI, 0, len(tags)) + tags)
    return frame.ljust(60, b"\0")


def pado(frame: bytes, unique: bytes) -> AccessConcentrator | None:
    """The offer in `frame`, if it answers the question marked `unique`."""
    body = payload_of(frame, _PPPOE_DISCOVERY)
    if body is None or len(body) < 6 or body[:4] != struct.pack("!BBH", 0x11, _PADO, 0):
        return None
    tags = list(_tags(body[6 : 6 + struct.unpack("!H", body[4:6])[0]]))
    if (_HOST_UNIQ, unique) not in tags:
        return None
    names = [_visible(value) for kind, value in tags if kind == _AC_NAME]
    services = tuple(_visible(value) for kind, value in tags if kind == _SERVICE_NAME and value)
    return AccessConcentrator(names[0], services) if names else None


def _ipv4(payload: bytes) -> bytes:
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, 17, 0, b"\0" * 4, b"\xff" * 4)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def udp(frame: bytes, source: int, destination: int) -> bytes | None:
    """The payload of a UDP datagram between these ports."""
    packet = payload_of(frame, _IPV4)
    if packet is None or len(packet) < 28 or packet[0] >> 4 != 4 or packet[9] != 17:
        return None
    head = (packet[0] & 15) * 4
    datagram = packet[head : struct.unpack("!H", packet[2:4])[0]]
    if head < 20 or len(datagram) < 8 or datagram[:4] != struct.pack("!HH", source, destination):
        return None
    return datagram[8:]


def _dhcp_options(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 1 < len(data) and data[at] != _END:
        if data[at] == 0:
            at += 1
            continue
        yield data[at], data[at + 2 : at + 2 + data[at + 1]]
        at += 2 + data[at + 1]


def _tags(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(data):
        kind, length = struct.unpack("!HH", data[at : at + 4])
        yield kind, data[at + 4 : at + 4 + length]
        at += 4 + length


def _addresses(data: bytes) -> tuple[IPv4Address, ...]:
    return tuple(IPv4Address(data[at : at + 4]) for at in range(0, len(data) - 3, 4))


def _visible(data: bytes) -> str:
    """Shown to people: nothing that a terminal would obey."""
    text = data[:120].decode(errors="replace")
    return "".join(character if character.isprintable() else "?" for character in text)
