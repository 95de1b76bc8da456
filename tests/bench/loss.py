"""False alarms in an hour of loss: ``python -m tests.bench.loss``, in a guest.

A fifth of each tunnel's packets is lost on its way, each way, and nothing is wrong with any tunnel. What moves all the
same is counted: routes to the engines, and BFD sessions that did not stay up, at both ends.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Mapping
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
_LOOK = 20.0
_RECKONING = 0.1
"""Seconds, both: from look to look at the sessions, and what BIRD may err about a moment by."""
GOAL = Goal("<=", 0)
HOW = f"an hour in which each way of each tunnel loses {SHARE} % of its packets; no peer"


def lose(world: World, share: int = SHARE) -> None:
    """Lose this share of the tunnels' packets, in percent, at the cables between the internet and the concentrators.

    Not of what is said on those wires themselves: the loss stands for the way between, and whoever has lost his
    neighbour's address (ARP) sends nothing at all for a second.
    """
    for number in addresses.CONCENTRATORS:
        for direction in Direction:
            match = f"ip protocol udp numgen random mod 100 < {share}"
            world.links[f"conc{number}", "internet"].cut(direction, match=match)


def sessions(world: World) -> dict[str, tuple[str, float]]:
    """The BFD sessions of both ends: the state of each and the moment of its last change, in seconds of the day."""
    shown = {"router": world.machines["router"].run("birdc", "-s", paths.BIRD_SOCKET, "show", "bfd", "sessions").stdout}
    for number in addresses.CONCENTRATORS:
        shown[f"conc{number}"] = datacenter.birdc(world.machines[f"conc{number}"], "show", "bfd", "sessions")
    found = {}
    for machine, text in shown.items():
        for line in text.splitlines():
            match line.split():
                case [peer, interface, state, since, *_] if interface.startswith(("sk-", "wg")):
                    moment = datetime.strptime(since, "%H:%M:%S.%f").time()
                    seconds = 3600 * moment.hour + 60 * moment.minute + moment.second + moment.microsecond / 1e6
                    found[f"{machine}'s with {peer}"] = state, seconds
    return found


def changes(before: Mapping[str, tuple[str, float]], after: Mapping[str, tuple[str, float]]) -> list[str]:
    """The sessions that did not stay as they were. BIRD reckons back from now: a moment may move by a millisecond."""
    return [
        f"{name}: {before.get(name)} -> {after.get(name)}"
        for name in sorted(before.keys() | after.keys())
        if name not in before
        or name not in after
        or before[name][0] != after[name][0]
        or abs(before[name][1] - after[name][1]) > _RECKONING
    ]


class Routes:
    """Counts what happens to the router's routes to the engines while the ``with`` block runs."""

    def __init__(self, world: World) -> None:
        self._log = world.machines["router"].log_dir / "routes.log"
        self._process = world.machines["router"].popen(
            *("stdbuf", "--output=L", "ip", "-tshort", "-oneline", "monitor", "route"), log=self._log
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
    changed: list[str] = []
    for number in range(rounds):
        with World(directory / str(number)) as world:
            world.prepare_clinic()
            world.start_appliance()
            observe.await_green(world)
            lose(world)
            with Routes(world) as routes, Stalls() as stalled:
                known = sessions(world)
                until = time.monotonic() + HOUR
                while (left := until - time.monotonic()) > 0:
                    time.sleep(min(left, _LOOK))
                    now = sessions(world)
                    changed += [f"[{datetime.now().isoformat()}] {change}" for change in changes(known, now)]
                    known = now
                moved += routes.moves()
            stalls += stalled.found
    table = [
        Row(f"changes of the routes to the engines in an hour of {SHARE} % loss", "", len(moved), goal=GOAL),
        Row(f"BFD sessions that did not stay up in an hour of {SHARE} % loss", "", len(changed), goal=GOAL),
        Row("moments at which this machine kept everybody waiting for more than 50 ms", "", len(stalls)),
    ]
    explain("loss", table, "".join(f"{line}\n" for line in sorted(moved + changed + stalls)))
    return table


if __name__ == "__main__":
    run("loss", HOW, measure, 1, {"bird": ["bird", "--version"]})
