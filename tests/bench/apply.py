"""What it costs to make a fresh router, beside a shell script that does the same: ``python -m tests.bench.apply``.

Each side gets a machine of its own, fresh every time. Both make the whole state of `RouterIntent`: links,
addresses, both WireGuard tunnels, routes, rules, kernel switches, firewall. What must not differ is looked at:
on the machine that the script made, our plan finds nothing but a firewall that it has not loaded itself.
Left out on both sides: the daemons (BIRD, dnsmasq, DHCP client), which cost the same whoever starts them.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import accounting, by_shell, resident
from tests.bench.run import run
from tests.bench.table import Goal, Row
from tests.lab.filesystem import PROJECT
from tests.lab.machine import Machine
from tests.lab.router import Router

ROUNDS = 5

FRESH_GOAL = Goal("<=", 2, of_ratio=True)
EMPTY_GOAL = Goal("<=", 50)
"""Milliseconds."""
HOW = (
    "processor time of the process and its children; peer: wg-quick up + ip + sysctl + nft -f, the same state; "
    "without the daemons"
)
_RESIDENT = ("python", "-m", "tests.bench.resident")
_DAEMON = ("python", "-I", "-c", "import appliance.control.daemon")
_FIREWALL_IS_NOT_OURS = "load the firewall anew"


@dataclass(slots=True)
class Side:
    """Seconds. user_space: of the wireguard-go processes, right after the fresh apply."""

    fresh: list[resident.Cost] = field(default_factory=list)
    again: list[resident.Cost] = field(default_factory=list)
    user_space: list[float] = field(default_factory=list)


def measure_ours(directory: Path, side: Side) -> int:
    """Returns how many changes made the router."""
    with _fresh_router(directory) as machine:
        report = json.loads(_python(machine, *_RESIDENT, "apply"))
    side.fresh.append(resident.Cost(**report["fresh"]))
    side.again += [resident.Cost(**cost) for cost in report["again"]]
    side.user_space.append(report["user_space"])
    return int(report["changes"])


def measure_peer(directory: Path, side: Side) -> None:
    with _fresh_router(directory) as machine:
        by_shell.install(machine, resident.intent())
        side.fresh.append(_run(machine, "bash", by_shell.SCRIPT))
        side.user_space.append(_look(machine))
        side.again += [_run(machine, "bash", by_shell.SCRIPT) for _ in range(resident.AGAIN)]
        _look(machine)


def _look(machine: Machine) -> float:
    """Make sure that the script made the same router as we do; returns seconds of wireguard-go."""
    sight = json.loads(_python(machine, *_RESIDENT, "look"))
    if sight["differences"] != [_FIREWALL_IS_NOT_OURS]:
        raise AssertionError(f"the script did not make the same router: {sight['differences']}")
    return float(sight["user_space"])


def measure_start(directory: Path) -> float:
    """Seconds of processor time until the daemon's modules are imported."""
    with Machine("router", directory) as machine:
        return _run(machine, *_DAEMON).cpu


def measure(directory: Path, rounds: int) -> list[Row]:
    ours, peer = Side(), Side()
    starts: list[float] = []
    changes = 0
    for number in range(rounds):
        changes = measure_ours(directory / f"ours-{number}", ours)
        measure_peer(directory / f"peer-{number}", peer)
        starts.append(measure_start(directory / f"start-{number}"))
    return rows(ours, peer, starts, changes)


def rows(ours: Side, peer: Side, starts: list[float], changes: int) -> list[Row]:
    """starts: seconds of processor time. changes: how many made a fresh router."""

    def row(what: str, numbers: Callable[[Side], Iterable[float]], goal: Goal | None = None) -> Row:
        mine, its = (1e3 * statistics.median(numbers(side)) for side in (ours, peer))
        return Row(what, "ms", mine, its, goal)

    fresh = f"apply of a fresh router ({changes} changes)"
    again = "apply once more, nothing to do"
    beside = "wireguard-go by then, processor time: no part of the above, and none on a kernel with WireGuard"
    return [
        row(f"{fresh}, processor time", lambda side: (cost.cpu for cost in side.fresh), FRESH_GOAL),
        row(f"{fresh}, by the clock", lambda side: (cost.wall for cost in side.fresh)),
        row(beside, lambda side: side.user_space),
        row(f"{again}, processor time", lambda side: (cost.cpu for cost in side.again), EMPTY_GOAL),
        row(f"{again}, by the clock", lambda side: (cost.wall for cost in side.again)),
        Row("start of the daemon: Python and imports, once per start", "ms", 1e3 * statistics.median(starts)),
    ]


def _fresh_router(directory: Path) -> Machine:
    """A machine with the two ports of a router, both down, and what is installed on it."""
    machine = Machine("router", directory)
    Router(machine)
    # Both ends of a cable on the same machine: the port exists, and nobody is at its other end.
    machine.ip("".join(f"link add {port} type veth peer name far-{port}\n" for port in ("lan0", "wan0")))
    machine.ip("".join(f"link set far-{port} up\n" for port in ("lan0", "wan0")))
    return machine


def _run(machine: Machine, *command: str) -> resident.Cost:
    cpu, wall = accounting.children_cpu(), time.monotonic()
    machine.run(*command, timeout=60)
    return resident.Cost(accounting.children_cpu() - cpu, time.monotonic() - wall)


def _python(machine: Machine, *command: str) -> str:
    log = machine.log_dir / "resident.log"
    with log.open("ab") as stream:
        process = machine.start(command, stdout=subprocess.PIPE, stderr=stream, cwd=PROJECT)
        output, _ = process.communicate(timeout=120)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, process.args, stderr=log.read_text())
    return output


if __name__ == "__main__":
    run("apply", HOW, measure, ROUNDS, {"nft": ["nft", "--version"], "wg": ["wg", "--version"], "ip": ["ip", "-V"]})
