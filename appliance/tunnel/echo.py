"""Echo requests of a given size that must not be broken up on the way (RFC 792, RFC 1191 section 3: DF)."""

from __future__ import annotations

import socket
import struct
from ipaddress import IPv4Address

IP_HEADER, ICMP_HEADER = 20, 8
_REQUEST, _REPLY = 8, 0
_IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE = 10, 3  # ip(7): set DF, and ignore what is believed of the path
_SOL_RAW, _ICMP_FILTER = 255, 1  # raw(7), icmp(7): a bit set is a type not wanted
_ONLY_REPLIES = 0xFFFFFFFF & ~(1 << _REPLY)


def open_socket(interface: str, source: IPv4Address) -> socket.socket:
    """Non-blocking, by this interface only; every reply that arrives there can be read. OSError: it is not there."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.encode())
        sock.setsockopt(socket.IPPROTO_IP, _IP_MTU_DISCOVER, _IP_PMTUDISC_PROBE)
        sock.setsockopt(_SOL_RAW, _ICMP_FILTER, struct.pack("I", _ONLY_REPLIES))
        sock.bind((str(source), 0))
    except OSError:
        sock.close()
        raise
    return sock


def request(size: int, identifier: int) -> bytes:
    """What to send for a packet of `size` bytes, IP header included. identifier: 16 bits, to know our replies by."""
    body = bytes(size - IP_HEADER - ICMP_HEADER)
    blank = struct.pack("!BBHHH", _REQUEST, 0, 0, identifier, 0) + body
    return struct.pack("!BBHHH", _REQUEST, 0, checksum(blank), identifier, 0) + body


def size_of_reply(packet: bytes, identifier: int) -> int | None:
    """Of a packet as a raw socket gives it, IP header first; None when it is no reply to us."""
    if len(packet) < IP_HEADER or packet[0] >> 4 != 4:
        return None
    header = (packet[0] & 0x0F) * 4
    icmp = packet[header:]
    if header < IP_HEADER or len(icmp) < ICMP_HEADER or icmp[0] != _REPLY or checksum(icmp) != 0:
        return None
    return len(packet) if int.from_bytes(icmp[4:6], "big") == identifier else None


def checksum(data: bytes) -> int:
    """RFC 1071; 0 for data that holds its own."""
    padded = data + b"\0" * (len(data) % 2)
    total = sum(padded[0::2]) * 256 + sum(padded[1::2])
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
