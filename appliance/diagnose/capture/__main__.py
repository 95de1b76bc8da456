"""``python -m appliance.diagnose.capture PORT SECONDS BYTES headers|whole``: what passes at a port, as pcap on stdout.

A process of its own, which needs CAP_NET_RAW and nothing else: no user, no file, no other capability. It ends after its
time, before its size, or at SIGTERM, and says on stderr what it has: JSON, one line.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import sys
import time
from pathlib import Path

from appliance.diagnose.capture import headers, pcap

_ALL_FRAMES = 0x0003
_SOL_PACKET, _STATISTICS = 263, 6  # packet(7)
_ARPHRD_ETHER = "1"
_IP_FRAMES = (0x0800, 0x86DD)


class _Over:
    def __init__(self) -> None:
        self.said = False
        signal.signal(signal.SIGTERM, self._hear)

    def _hear(self, *_: object) -> None:
        self.said = True


def main(port: str, seconds: str, size: str, what: str) -> int:
    over, end, room = _Over(), time.monotonic() + float(seconds), int(size)
    is_ethernet = Path("/sys/class/net", port, "type").read_text().strip() == _ARPHRD_ETHER
    kind = socket.SOCK_RAW if is_ethernet else socket.SOCK_DGRAM
    packets, is_full = 0, False
    with socket.socket(socket.AF_PACKET, kind, 0) as wire, os.fdopen(1, "wb", buffering=0) as out:
        wire.bind((port, _ALL_FRAMES))
        out.write(pcap.head(pcap.ETHERNET if is_ethernet else pcap.RAW_IP))
        written = pcap.HEAD
        while not over.said and not is_full and (left := end - time.monotonic()) > 0:
            if not select.select([wire], [], [], min(left, 0.5))[0]:
                continue
            packet, (_, protocol, *_) = wire.recvfrom(pcap.LONGEST)
            if not is_ethernet and protocol not in _IP_FRAMES:
                continue
            kept = packet if what == "whole" else packet[: _kept(packet, is_ethernet)]
            entry = pcap.record(time.time_ns(), kept, len(packet))
            is_full = written + len(entry) > room
            if not is_full:
                out.write(entry)
                written, packets = written + len(entry), packets + 1
        _, lost = struct.unpack("II", wire.getsockopt(_SOL_PACKET, _STATISTICS, 8))
    print(json.dumps({"packets": packets, "bytes": written, "lost": lost, "full": is_full}), file=sys.stderr)
    return 0


def _kept(packet: bytes, is_ethernet: bool) -> int:
    return headers.of_frame(packet) if is_ethernet else headers.of_packet(packet)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
