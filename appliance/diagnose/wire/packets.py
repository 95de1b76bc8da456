"""A socket that hears every frame at one port, and sends ours (packet(7))."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ALL_FRAMES = 0x0003
SOL_PACKET = 263
_ADD_MEMBERSHIP, _ALL_MULTICAST = 1, 2


@contextmanager
def at(port: str) -> Iterator[socket.socket]:
    """Raw frames at `port`, answers to everybody included. Raises OSError."""
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES)) as wire:
        wire.bind((port, ALL_FRAMES))
        # Answers to everybody must pass the card's filter; the membership ends with the socket.
        index = int(Path("/sys/class/net", port, "ifindex").read_text())
        membership = struct.pack("iHH8s", index, _ALL_MULTICAST, 0, b"")
        wire.setsockopt(SOL_PACKET, _ADD_MEMBERSHIP, membership)
        yield wire
