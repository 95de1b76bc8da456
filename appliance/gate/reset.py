"""Ends forwarded connections at once when their engine is no longer proven.

The kernel answers a terminal's next packet with a TCP reset; but the real client has no time-outs, and while it
waits for an answer it sends nothing. So a SYN is forged in the engine's name: in the middle of a connection a TCP
must answer a SYN with a *challenge ACK* (RFC 5961 section 4.2), whose acknowledgement number lets the kernel build
a reset that the terminal's TCP accepts (section 3.2). TCPs from before RFC 5961 answer with an ACK just so, or take
the SYN itself for the end of the connection (RFC 793): either way the wait is over.
"""

from __future__ import annotations

import secrets
import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Protocol

MARK = 0x5EC
"""`PROBE_MARK` of appliance.intent.model, by which the firewall lets these packets out and leaves them untracked."""
_SYN = 0x02
_DO_NOT_FRAGMENT = 0x4000
_TTL = 64
_WINDOW = 1024


class Flow(Protocol):
    """A TCP connection as the terminal opened it, before any address translation."""

    @property
    def source(self) -> IPv4Address: ...
    @property
    def source_port(self) -> int: ...
    @property
    def destination(self) -> IPv4Address: ...
    @property
    def destination_port(self) -> int: ...


def wake(flows: Iterable[Flow], mark: int = MARK) -> int:
    """Make the terminals of `flows` speak, so that the kernel can refuse them. Returns how many were sent a packet.

    Blocks for no longer than sending takes. A terminal that cannot be reached now is passed over: it has lost its
    connection anyway. Raises PermissionError without CAP_NET_RAW and CAP_NET_ADMIN.
    """
    woken = 0
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, mark)
        for flow in flows:
            try:
                sock.sendto(challenge(flow, secrets.randbits(32)), (str(flow.source), 0))
            except OSError:
                continue
            woken += 1
    return woken


def challenge(flow: Flow, sequence: int) -> bytes:
    """The IPv4 packet (RFC 791) with the forged SYN (RFC 9293), from the engine to the terminal."""
    source, destination = flow.destination.packed, flow.source.packed
    segment = _with_checksum(
        struct.pack("!HHIIBBHHH", flow.destination_port, flow.source_port, sequence, 0, 5 << 4, _SYN, _WINDOW, 0, 0),
        at=16,
        pseudo_header=source + destination + struct.pack("!HH", socket.IPPROTO_TCP, 20),
    )
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, 40, 0, _DO_NOT_FRAGMENT, _TTL, socket.IPPROTO_TCP, 0, source, destination
    )
    return _with_checksum(header, at=10) + segment


def _with_checksum(data: bytes, *, at: int, pseudo_header: bytes = b"") -> bytes:
    """`data` with its Internet checksum (RFC 1071) filled in at offset `at`, where it is zero now."""
    words = struct.unpack(f"!{(len(pseudo_header) + len(data)) // 2}H", pseudo_header + data)
    total = sum(words)
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return data[:at] + struct.pack("!H", ~total & 0xFFFF) + data[at + 2 :]
