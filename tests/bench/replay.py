"""Inside the terminal of a `rig`: sends one frame again and again, ``python -m tests.bench.replay INTERFACE COUNT…``.

The frame comes in hexadecimal on standard input. Prints, for each COUNT, the nanoseconds that it took by the clock;
where that clock counts instructions (`tests.vm.kinds.COUNTED`) these are the instructions of the whole machine.
pktgen speaks UDP only, and a terminal's way to its engine is TCP: so this is a process. It does as little as one can
(sendmmsg(2), no queue), and only when nobody else has anything to do: what it sends is encrypted and gone before more
comes, and nothing is ever lost for want of room.
"""

from __future__ import annotations

import ctypes
import json
import os
import socket
import sys
import time

BATCH = 64
"""Frames by one system call; half of what WireGuard keeps for a peer while it works (MAX_STAGED_PACKETS)."""

# From linux/if_packet.h.
_SOL_PACKET, _PACKET_QDISC_BYPASS = 263, 20


class _Vector(ctypes.Structure):
    """struct iovec"""

    _fields_ = [("base", ctypes.c_char_p), ("length", ctypes.c_size_t)]


class _Header(ctypes.Structure):
    """struct msghdr"""

    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint32),
        ("vectors", ctypes.POINTER(_Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class _Message(ctypes.Structure):
    """struct mmsghdr"""

    _fields_ = [("header", _Header), ("sent", ctypes.c_uint)]


def main() -> None:
    interface, counts = sys.argv[1], [int(word) for word in sys.argv[2:]]
    frame = bytes.fromhex(sys.stdin.read())
    header = _Header(vectors=ctypes.pointer(_Vector(frame, len(frame))), vector_count=1)
    messages = (_Message * BATCH)(*[_Message(header) for _ in range(BATCH)])
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as port:
        port.bind((interface, 0))
        port.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 1)
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        print(json.dumps([_timed(port, messages, count // BATCH) for count in counts]))


def _timed(port: socket.socket, messages: ctypes.Array[_Message], batches: int) -> int:
    send = ctypes.CDLL(None, use_errno=True).sendmmsg
    descriptor = port.fileno()
    began = time.monotonic_ns()
    for _ in range(batches):
        if send(descriptor, messages, BATCH, 0) != BATCH:
            raise OSError(ctypes.get_errno(), "sendmmsg")
    return time.monotonic_ns() - began


if __name__ == "__main__":
    main()
