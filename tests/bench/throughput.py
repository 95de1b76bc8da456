"""How much TCP carries through the tunnel: ``python -m tests.bench.throughput``, in a guest (``tests.vm run``).

Both routers stand in the same guest and take turns, transfer by transfer, so that whatever else the machine does meets
both. All three machines of a `rig` share the guest's one processor: what a router costs shows as fewer bytes.
"""

from __future__ import annotations

import socket
import statistics
import threading
import time
from pathlib import Path

from tests.bench.rig import Bare, Ours
from tests.bench.run import run
from tests.bench.table import Goal, Row

ROUNDS = 7
TRANSFER = 16 << 20
"""Bytes: a third of a second or so."""
GOAL = Goal(">=", 0.98, of_ratio=True)
HOW = "a TCP connection of a terminal to its engine through the tunnel, median of the transfers; peer: bare WireGuard"

_CHUNK = 1 << 20
_UP, _DOWN = "terminal to engine", "engine to terminal"


def rate(sender: socket.socket, receiver: socket.socket) -> float:
    """Mbit/s of one transfer. What arrives is counted and thrown away unread (tcp(7), MSG_TRUNC)."""
    chunk = bytes(_CHUNK)

    def send() -> None:
        for _ in range(TRANSFER // _CHUNK):
            sender.sendall(chunk)

    thread = threading.Thread(target=send)
    began = time.monotonic()
    thread.start()
    left = TRANSFER
    buffer = bytearray(_CHUNK)
    while left:
        came = receiver.recv_into(buffer, min(left, _CHUNK), socket.MSG_TRUNC)
        if not came:
            raise ConnectionResetError("the connection ended in the middle of a transfer")
        left -= came
    took = time.monotonic() - began
    thread.join()
    return 8 * TRANSFER / took / 1e6


def measure(directory: Path, rounds: int) -> list[Row]:
    found: dict[tuple[str, str], list[float]] = {}
    with Bare(directory / "bare") as bare, Ours(directory / "ours") as ours:
        ends = {"ours": ours.connect(), "peer": bare.connect()}
        ours.await_fast_path(*ends["ours"])
        for number in range(-1, rounds):
            for side, (near, far) in ends.items():
                for way, (sender, receiver) in {
                    "terminal to engine": (near, far),
                    "engine to terminal": (far, near),
                }.items():
                    seen = rate(sender, receiver)
                    # The first of each is for the windows to open.
                    if number >= 0:
                        found.setdefault((way, side), []).append(seen)
    medians = {key: statistics.median(rates) for key, rates in found.items()}
    return [
        Row(f"TCP through the tunnel, {way}", "Mbit/s", medians[way, "ours"], medians[way, "peer"], GOAL)
        for way in (_UP, _DOWN)
    ]


if __name__ == "__main__":
    run("throughput", HOW, measure, ROUNDS, {"nft": ["nft", "--version"]})
