"""False alarms in an hour of loss: ``python -m tests.bench.loss``, in a guest.

Every cable to a concentrator loses a fifth of its packets, each way, and nothing is wrong with any tunnel. What moves
all the same is counted: routes to the engines, and BFD sessions that did not stay up, at both ends.
"""

from __future__ import annotations

import subprocess
import threading
import time
from datetime import datetime
from pathlib import Path

from appliance import paths
from appliance.intent.model import ROUTING_TABLE
from tests.bench.run import run
from tests.bench.table import Goal, Row, explain
from tests.lab import addresses, datacenter, observe
from tests.lab.wires import Direction
from tests.lab.world import World

SHARE = 20
"""Percent."""
HOUR = 3600.0
GOAL = Goal("<=", 0)
HOW = f"an hour in which each way of each tunnel loses {SHARE} % of its packets; no peer"


def lose(world: World, share: int = SHARE) -> None:
    """Let every cable between the internet and a concentrator lose this share of its packets, in percent."""
    for number in addresses.CONCENTRATORS:
        for direction in Direction:
            world.links[f"conc{number}", "internet"].cut(direction, match=f"numgen random mod 100 < {share}")


def sessions(world: World) -> list[str]:
    """The BFD sessions of both ends, with their state and the moment of its last change."""
    shown = [world.machines["router"].run("birdc", "-s", paths.BIRD_SOCKET, "show", "bfd", "sessions").stdout]
    shown += [
        datacenter.birdc(world.machines[f"conc{number}"], "show", "bfd", "sessions")
        for number in addresses.CONCENTRATORS
    ]
    lines = (line.split()[:4] for text in shown for line in text.splitlines() if "sk-" in line or "wg" in line)
    return sorted(" ".join(line) for line in lines)


class Routes:
    """Counts what happens to the router's routes to the engines while the ``with`` block runs."""

    def __init__(self, world: World) -> None:
        self._log = world.machines["router"].log_dir / "routes.log"
        self._process = world.machines["router"].popen(
            *("stdbuf", "--output=L", "ip", "-timestamp", "-oneline", "monitor", "route"), log=self._log
        )

    def moves(self) -> list[str]:
        """Each with its moment."""
        place = f"{addresses.DATA_CENTER} "
        lines = self._log.read_text().splitlines()
        return [line for line in lines if place in line and f"table {ROUTING_TABLE}" in line]

    def __enter__(self) -> Routes:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()


class Stalls:
    """Moments at which somebody who wanted to sleep for `_BEAT` was woken more than `_LATE` late: what a BFD of this
    machine may have suffered from as well."""

    _BEAT, _LATE = 0.01, 0.05

    def __init__(self) -> None:
        self.found: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.is_set():
            before = time.monotonic()
            time.sleep(self._BEAT)
            late = time.monotonic() - before - self._BEAT
            if late > self._LATE:
                self.found.append(f"[{datetime.now().isoformat()}] woken {1e3 * late:.0f} ms late")

    def __enter__(self) -> Stalls:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


def measure(directory: Path, rounds: int) -> list[Row]:
    """rounds: hours."""
    moved: list[str] = []
    stalls: list[str] = []
    changed = 0
    for number in range(rounds):
        with World(directory / str(number)) as world:
            world.prepare_clinic()
            world.start_appliance()
            observe.await_green(world)
            lose(world)
            before = sessions(world)
            with Routes(world) as routes, Stalls() as stalled:
                time.sleep(HOUR)
                moved += routes.moves()
            stalls += stalled.found
            changed += len(set(before) ^ set(sessions(world))) // 2
    table = [
        Row(f"changes of the routes to the engines in an hour of {SHARE} % loss", "", len(moved), goal=GOAL),
        Row(f"BFD sessions that did not stay up in an hour of {SHARE} % loss", "", changed, goal=GOAL),
        Row("moments at which this machine kept everybody waiting for more than 50 ms", "", len(stalls)),
    ]
    explain("loss", table, "".join(f"{line}\n" for line in sorted(moved + stalls)))
    return table


if __name__ == "__main__":
    run("loss", HOW, measure, 1, {"bird": ["bird", "--version"]})
