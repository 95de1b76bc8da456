"""Instructions for each packet from a terminal into the tunnel: ``python -m tests.bench.instructions``, in a guest.

The guest is one whose clock counts instructions (``python -m tests.vm run --kind counted-instructions``). One frame of
an established connection, on the fast path, is sent again and again, and thrown away where it arrives. What sending
alone costs is measured with frames that are for nobody, and taken from both sides. Who of the kernel's workers comes
when is not the same in each run, which is some two percent; the mean of many runs has less than one.
"""

from __future__ import annotations

import json
import socket
import statistics
import struct
import subprocess
from ipaddress import IPv4Address
from pathlib import Path

from appliance.intent import names
from tests.bench.replay import BATCH
from tests.bench.rig import LAN_CARD, PORT, Bare, Ours, Rig, engine, terminal
from tests.bench.run import run
from tests.bench.table import Goal, Row, explain
from tests.lab.filesystem import PROJECT

ROUNDS = 8
SIZES = (64, 1400)
"""Bytes of a frame, its check sequence (four bytes that no virtual cable has) included."""
SCALE = (1, 100, 10_000)
RUN = 160 * BATCH
"""Frames."""

GOAL = Goal("<=", 1.02, of_ratio=True)
HOW = "instructions of the whole machine for each packet from LAN into the tunnel, without those of sending it"
_UNIT = "instructions"
_FCS = 4
_SINK = "table netdev sink { chain ingress { type filter hook ingress device eth0 priority 0; policy drop; }; }\n"
_STRANGER = "02:00:00:00:0f:0f"


def frame(size: int, source: tuple[IPv4Address, str], destination: IPv4Address, port: int, card: str) -> bytes:
    """An Ethernet frame of `size` bytes with a segment of the TCP connection from `port` to an engine."""
    length = size - _FCS - 14
    ethernet = bytes.fromhex((card + source[1]).replace(":", "")) + struct.pack("!H", 0x0800)
    addresses = source[0].packed + destination.packed
    ip = struct.pack("!BBHHHBBH", 0x45, 0, length, 0, 0x4000, 64, socket.IPPROTO_TCP, 0) + addresses
    ip = ip[:10] + _sum(ip) + ip[12:]
    tcp = struct.pack("!HHIIBBHHH", port, PORT, 1, 1, 5 << 4, 0x10, 1000, 0, 0) + bytes(length - 40)
    tcp = tcp[:16] + _sum(addresses + struct.pack("!HH", socket.IPPROTO_TCP, len(tcp)) + tcp) + tcp[18:]
    return ethernet + ip + tcp


def _frame(rig: Rig, size: int, port: int, card: str = LAN_CARD) -> bytes:
    return frame(size, terminal(rig.size - 1), engine(rig.size - 1), port, card)


def _sum(data: bytes) -> bytes:
    """RFC 1071"""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~total & 0xFFFF)


def each(rig: Rig, packet: bytes, rounds: int, arrives: bool = True) -> float:
    """Instructions for each frame: the mean of `rounds` runs, after one that is not counted.

    A run's last frames are still on their way when it ends, and are counted with the next. Raises ValueError when not
    all frames arrive where they should.
    """
    before = _arrived(rig)
    process = rig.terminal.start(
        ["python", "-m", "tests.bench.replay", "eth0", *[str(RUN)] * (rounds + 1)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=PROJECT,
    )
    output, _ = process.communicate(packet.hex(), 600)
    came = _arrived(rig) - before
    if arrives and came < RUN * (rounds + 1):
        raise ValueError(f"{came} of {RUN * (rounds + 1)} packets came out of the tunnel's far end")
    took: list[int] = json.loads(output)[1:]
    return statistics.mean(took) / RUN


def _arrived(rig: Rig) -> int:
    return int(rig.concentrator.read("/sys/class/net/eth0/statistics/rx_packets"))


def prepare(rig: Rig) -> int:
    """Open the connection; from then on what comes out is thrown away. Returns the terminal's port."""
    near, far = rig.connect()
    if isinstance(rig, Ours):
        rig.await_fast_path(near, far)
    rig.concentrator.run("nft", "-f", "-", input=_SINK)
    return int(near.getsockname()[1])


def measure(directory: Path, rounds: int) -> list[Row]:
    with Bare(directory / "bare") as bare:
        port = prepare(bare)
        sending = {size: each(bare, _frame(bare, size, port, _STRANGER), rounds, arrives=False) for size in SIZES}
        its = {size: each(bare, _frame(bare, size, port), rounds) - sending[size] for size in SIZES}
    ours: dict[tuple[int, int], float] = {}
    profile = ""
    for scale in SCALE:
        with Ours(directory / f"ours-{scale}", scale) as rig:
            port = prepare(rig)
            for size in SIZES:
                ours[scale, size] = each(rig, _frame(rig, size, port), rounds) - sending[size]
            rows = [_against_bare(size, ours[SCALE[0], size], its[size]) for size in SIZES]
            if scale == SCALE[0] and not all(row.reached for row in rows):
                profile = breakdown(rig, _frame(rig, SIZES[0], port), max(2, rounds // 4))
    table = [
        *rows,
        *(
            Row(
                f"the same, {size} bytes, {scale:,} terminals and engines; peer: itself with 1",
                _UNIT,
                ours[scale, size],
                ours[1, size],
                GOAL,
            )
            for size in SIZES
            for scale in SCALE[1:]
        ),
        *(Row(f"sending a frame of {size} bytes, taken from the above", _UNIT, sending[size]) for size in SIZES),
    ]
    explain("instructions", table, profile)
    return table


def _against_bare(size: int, ours: float, its: float) -> Row:
    what = f"instructions per forwarded packet, LAN to tunnel, {size} bytes; peer: bare WireGuard + ip route"
    return Row(what, _UNIT, ours, its, GOAL)


def breakdown(rig: Rig, packet: bytes, rounds: int) -> str:
    """What each chain that the kernel calls costs: one after the other is taken away."""
    listed = json.loads(rig.router.run("nft", "--json", "list", "chains").stdout)["nftables"]
    chains = [entry["chain"]["name"] for entry in listed if "hook" in entry.get("chain", {})]
    before = each(rig, packet, rounds)
    lines = []
    for chain in chains:
        rig.router.run("nft", "delete", "chain", "inet", names.TABLE, chain)
        after = each(rig, packet, rounds)
        lines.append(f"{before - after:8.0f}  {chain}\n")
        before = after
    return "".join(
        [f"{len(packet) + _FCS} bytes, instructions:\n", *lines, f"{before:8.0f}  all the rest, sending included\n"]
    )


if __name__ == "__main__":
    run("instructions", HOW, measure, ROUNDS, {"nft": ["nft", "--version"]})
