"""Packets that no honest stack would send, byte by byte (RFC 791, 768, 9293)."""

from __future__ import annotations

import socket
import struct

from tests.lab.machine import Machine

Place = tuple[str, int]
"""IPv4 address and port."""

SYN, RST = 0x02, 0x04
_MORE_FRAGMENTS = 0x2000

_TCP_REPAIR, _TCP_REPAIR_QUEUE, _TCP_QUEUE_SEQ, _SEND_QUEUE = 19, 20, 21, 2
"""linux/tcp.h."""


def on_the_wire(machine: Machine, interface: str, to_mac: str, payload: bytes, card: str = "") -> None:
    """Send an IPv4 packet from the machine's own network card or another `card`, whatever its addresses say."""
    sender = card or machine.read(f"/sys/class/net/{interface}/address").strip()
    frame = bytes.fromhex((to_mac + sender).replace(":", "")) + struct.pack("!H", 0x0800) + payload
    with machine.inside(lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW)) as raw:
        raw.bind((interface, 0))
        raw.send(frame)


def tcp(source: Place, destination: Place, flags: int, sequence: int = 1) -> bytes:
    ports = (source[1], destination[1])
    bare = struct.pack("!HHIIBBHHH", *ports, sequence, 0, 5 << 4, flags, 64240, 0, 0)
    sum_ = _checksum(_pseudo_header(source, destination, socket.IPPROTO_TCP, len(bare)) + bare)
    return _ip(source, destination, socket.IPPROTO_TCP, bare[:16] + struct.pack("!H", sum_) + bare[18:])


def udp(source: Place, destination: Place, payload: bytes, more: bool = False) -> bytes:
    """more: it is the first fragment of several."""
    # Checksum 0: none (RFC 768).
    header = struct.pack("!HHHH", source[1], destination[1], 8 + len(payload), 0)
    return _ip(source, destination, socket.IPPROTO_UDP, header + payload, _MORE_FRAGMENTS if more else 0)


def next_sequence(connection: socket.socket) -> int:
    """What the connection's stack would send next (TCP_REPAIR, tcp(7))."""
    connection.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, 1)
    try:
        connection.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR_QUEUE, _SEND_QUEUE)
        sequence: int = connection.getsockopt(socket.IPPROTO_TCP, _TCP_QUEUE_SEQ)
        return sequence & 0xFFFFFFFF
    finally:
        # -1: leave repair mode without a window probe.
        connection.setsockopt(socket.IPPROTO_TCP, _TCP_REPAIR, -1)


def _ip(source: Place, destination: Place, protocol: int, payload: bytes, fragment: int = 0) -> bytes:
    ends = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), 1, fragment, 64, protocol, 0) + ends
    return header[:10] + struct.pack("!H", _checksum(header)) + header[12:] + payload


def _pseudo_header(source: Place, destination: Place, protocol: int, length: int) -> bytes:
    ends = socket.inet_aton(source[0]) + socket.inet_aton(destination[0])
    return ends + struct.pack("!BBH", 0, protocol, length)


def _checksum(data: bytes) -> int:
    """RFC 1071."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
