"""What passes at a port, as a pcap file in pieces. A piece is its length (4 bytes, big-endian) and so many bytes.

None is longer than 128 KiB. An empty piece says that the file is whole; after it comes a line of JSON: ``packets``,
``bytes``, ``lost`` (by the kernel, since we were too slow) and ``full``.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import time
from dataclasses import dataclass
from pathlib import Path

from appliance.diagnose.capture import headers, pcap
from appliance.diagnose.wire.packets import ALL_FRAMES, SOL_PACKET

_STATISTICS = 6  # packet(7)
_ARPHRD_ETHER = "1"
_IP_FRAMES = (0x0800, 0x86DD)
_GATHERED = 1 << 15
_GATHERED_FOR = 0.25
"""Bytes and seconds until packets are handed on: whoever takes them has other work than being woken for each."""


@dataclass(frozen=True, slots=True)
class Order:
    """size: of the file, in bytes. payload: whole packets instead of headers."""

    port: str
    seconds: float
    size: int
    payload: bool


class _Pieces:
    """Hands the file on, never more than `room` bytes of it."""

    def __init__(self, taker: socket.socket, room: int) -> None:
        self._taker = taker
        self._room = room
        self._gathered = bytearray()
        self._since = 0.0
        self.written = 0

    def add(self, data: bytes) -> bool:
        """False: it has no room."""
        if self.written + len(data) > self._room:
            return False
        if not self._gathered:
            self._since = time.monotonic()
        self._gathered += data
        self.written += len(data)
        if len(self._gathered) >= _GATHERED:
            self.hand_on()
        return True

    def hand_on_what_is_old(self) -> None:
        if self._gathered and time.monotonic() - self._since >= _GATHERED_FOR:
            self.hand_on()

    def hand_on(self) -> None:
        if self._gathered:
            self._taker.sendall(struct.pack("!I", len(self._gathered)) + self._gathered)
            self._gathered.clear()

    def end(self, result: dict[str, int | bool]) -> None:
        self.hand_on()
        self._taker.sendall(struct.pack("!I", 0) + json.dumps(result).encode() + b"\n")


def record(taker: socket.socket, order: Order) -> None:
    """Until its time is over, it is full, or `taker` says no more (shutdown(2)) or is gone."""
    end = time.monotonic() + order.seconds
    is_ethernet = Path("/sys/class/net", order.port, "type").read_text().strip() == _ARPHRD_ETHER
    pieces, packets, is_full = _Pieces(taker, order.size), 0, False
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW if is_ethernet else socket.SOCK_DGRAM, 0) as wire:
        wire.bind((order.port, ALL_FRAMES))
        pieces.add(pcap.head(pcap.ETHERNET if is_ethernet else pcap.RAW_IP))
        # Whoever waits for it to begin waits for this.
        pieces.hand_on()
        while not is_full and (left := end - time.monotonic()) > 0:
            ready = select.select([wire, taker], [], [], min(left, _GATHERED_FOR))[0]
            if taker in ready:
                break
            if wire in ready:
                packet, (_, protocol, *_) = wire.recvfrom(pcap.LONGEST)
                if is_ethernet or protocol in _IP_FRAMES:
                    kept = packet if order.payload else packet[: _headers(packet, is_ethernet)]
                    is_full = not pieces.add(pcap.record(time.time_ns(), kept, len(packet)))
                    packets += not is_full
            pieces.hand_on_what_is_old()
        _, lost = struct.unpack("II", wire.getsockopt(SOL_PACKET, _STATISTICS, 8))
    pieces.end({"packets": packets, "bytes": pieces.written, "lost": lost, "full": is_full})


def _headers(packet: bytes, is_ethernet: bool) -> int:
    return headers.of_frame(packet) if is_ethernet else headers.of_packet(packet)
