"""How long a receipt takes while uploads fill the line: ``python -m tests.bench.upload``, in a guest (`make`).

The whole world with the product at work, on a line of 20 Mbit/s with 10 ms there and back and the deep buffer of a home
gateway. The guest's clock stands still while anybody computes, so what is measured is what packets wait for, whatever
else this machine has to do. A receipt is an RPC of the real client: a new TCP connection, mutual TLS 1.2 with the
terminal's certificate, one question. Each kind of RPC is compared with itself on the idle line.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.run import run
from tests.bench.table import Goal, Row, explain
from tests.lab import addresses, observe
from tests.lab.lines.upper import UpperRouter
from tests.lab.upload import Upload
from tests.lab.waiting import until
from tests.lab.world import World

ROUNDS = 3
"""Log-ins of eight receipts each, in each state of the line."""

MBIT = 20
DELAY_MS = 10
GOAL = Goal("<=", 1.3)
HOW = (
    f"line of {MBIT} Mbit/s up, {DELAY_MS} ms there and back, deep buffer beyond the router; real client's RPCs; "
    "computing takes no time; peer: the same router that is not told the line's speed"
)
_MEASURES: dict[str, Callable[[Sequence[float]], float]] = {"median": statistics.median, "worst": max}

Receipts = dict[str, list[float]]
"""Seconds, by kind of RPC."""


@dataclass(frozen=True, slots=True)
class State:
    """Of the line. uploader: the terminal that sends; receipts are asked for by the reception."""

    what: str
    uploader: str


STATES = (
    State("beside 8 parallel uploads of another terminal", "doctor"),
    State("beside 8 parallel uploads of the same terminal", "reception"),
)
UPLOADS = 8
QUESTIONS = 20
"""On an open connection, in each round."""
OPEN = "open connection"
"""The kind of such a question, one small packet each way; the other kinds are RPCs, each with its own connection."""


@dataclass(slots=True)
class Side:
    """idle, busy: seconds of the receipts; busy by state. speed: Mbit/s that left by the line.

    profile: the queues while the line was full.
    """

    idle: Receipts
    busy: dict[State, Receipts]
    speed: dict[State, float]
    profile: str

    def idle_ms(self, on_open: bool) -> float:
        return 1e3 * statistics.median(
            s for kind, found in self.idle.items() if (kind == OPEN) is on_open for s in found
        )

    def times_idle(self, state: State, on_open: bool) -> list[float]:
        """How many times as long each took as one of its kind takes on the idle line."""
        return [
            seconds / statistics.median(self.idle[kind])
            for kind, found in self.busy[state].items()
            for seconds in found
            if (kind == OPEN) is on_open
        ]


def measure_side(directory: Path, logins: int, told: bool) -> Side:
    with World(directory, lines=[UpperRouter(upload_mbit=MBIT, told=told)]) as world:
        world.prepare_clinic()
        world.start_appliance()
        observe.await_green(world)
        world.lease_terminals()
        _lengthen(world)
        side = Side(_receipts(world, logins), {}, {}, "")
        for state in STATES:
            with Upload(world.client(state.uploader), UPLOADS) as upload:
                _await_work(upload)
                began, sent = time.monotonic(), _sent(world)
                side.busy[state] = _receipts(world, logins)
                side.speed[state] = 8e-6 * (_sent(world) - sent) / (time.monotonic() - began)
                side.profile += f"== {state.what}, {'told' if told else 'not told'}\n{_queues(world)}"
        return side


def _await_work(upload: Upload) -> None:
    """Each has sent its first piece: they have found their speed."""
    until(lambda: upload.sent >= UPLOADS, "the uploads are at work", 120)


def _sent(world: World) -> int:
    """Bytes that have left by the line."""
    return int(world.machines["upper"].read("/sys/class/net/wan0/statistics/tx_bytes"))


def _lengthen(world: World) -> None:
    """The line is `DELAY_MS` long, and exactly as fast as it says from packet to packet."""
    for number in addresses.CONCENTRATORS:
        netem = ("netem", "delay", f"{DELAY_MS}ms", "limit", "10000")
        world.machines[f"conc{number}"].run("tc", "qdisc", "replace", "dev", "internet", "root", *netem)
    rate = ("netem", "rate", f"{MBIT}mbit", "limit", "800")
    world.machines["upper"].run("tc", "qdisc", "replace", "dev", "wan0", "root", *rate)


def _receipts(world: World, logins: int) -> Receipts:
    found: Receipts = {}
    for _ in range(logins):
        for kind, seconds in world.client("reception").login().seconds.items():
            found.setdefault(kind, []).append(seconds)
        with observe.Session(world) as session:
            for _ in range(QUESTIONS):
                began = time.monotonic()
                session.exchange()
                found.setdefault(OPEN, []).append(time.monotonic() - began)
    return found


def _queues(world: World) -> str:
    places = [("router", f"sk-{place.name}") for place in addresses.CONCENTRATORS.values()]
    places += [("router", "wan0"), ("upper", "wan0")]
    shown = (
        world.machines[machine].run("tc", "-s", "qdisc", "show", "dev", port, "root").stdout for machine, port in places
    )
    return "\n".join(f"{machine} {port}:\n{text}" for (machine, port), text in zip(places, shown, strict=True))


def rows(ours: Side, peer: Side) -> list[Row]:
    table = []
    for on_open, what in ((False, "a receipt, connection and all"), (True, "a question on an open connection")):
        table.append(Row(f"{what}, on the idle line: median", "ms", ours.idle_ms(on_open), peer.idle_ms(on_open)))
        for state in STATES:
            for name, measure in _MEASURES.items():
                mine, its = (measure(side.times_idle(state, on_open)) for side in (ours, peer))
                table.append(Row(f"{what}, {state.what}: {name}", "x idle", mine, its, GOAL))
    for state in STATES:
        table.append(Row(f"what leaves by the line {state.what}", "Mbit/s", ours.speed[state], peer.speed[state]))
    return table


def measure(directory: Path, rounds: int) -> list[Row]:
    ours = measure_side(directory / "ours", rounds, told=True)
    peer = measure_side(directory / "peer", rounds, told=False)
    table = rows(ours, peer)
    explain("upload", table, f"{ours.profile}\n{peer.profile}")
    return table


if __name__ == "__main__":
    run("upload", HOW, measure, ROUNDS, {"tc": ["tc", "-V"], "wg": ["wg", "--version"]})
