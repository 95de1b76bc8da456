"""Inside the machine of a fresh router: what an apply costs a process that stands there already, as the daemon does.

``python -m tests.bench.resident apply`` makes the router and prints `Report` as JSON; ``… look`` changes nothing
and prints `Sight`: what our plan still finds to do on a router that somebody else made.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from appliance.intent.compile import compile as compile_intent
from appliance.intent.model import RouterIntent
from appliance.kernel import apply as kernel
from appliance.kernel.changes import Change
from tests import builders
from tests.bench import accounting
from tests.lab import addresses

AGAIN = 5


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds: of processor time, and by the clock."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Report:
    """fresh: intent compiled from account and settings, and the kernel made so. again: each found nothing to do.

    changes: of the fresh apply. user_space: seconds of processor time of wireguard-go's processes right after it.
    """

    fresh: Cost
    again: list[Cost]
    changes: int
    user_space: float


@dataclass(frozen=True, slots=True)
class Sight:
    """differences: sentences of the plan. user_space: as in `Report`, until now."""

    differences: list[str]
    user_space: float


def intent() -> RouterIntent:
    """The lab's clinic on a static line, with the concentrators' addresses known: an apply needs nobody's answer."""
    tunnels = [
        builders.lab_tunnel(number, endpoint_host=str(place.outside.ip))
        for number, place in addresses.CONCENTRATORS.items()
    ]
    return compile_intent(builders.lab_account(tunnels=tunnels), builders.lab_site(wan=builders.static_wan()))


def apply() -> Report:
    # Keys and certificates of the lab are made once per process; the daemon has them from its account.
    builders.lab_pki()
    memory = kernel.Memory.load()

    def make() -> list[Change]:
        return kernel.apply(intent(), memory)

    fresh, changes = _cost(make)
    by_then = user_space()
    again = []
    for _ in range(AGAIN):
        cost, surplus = _cost(make)
        if surplus:
            raise AssertionError(f"the second apply was not empty: {surplus}")
        again.append(cost)
    return Report(fresh, again, len(changes), by_then)


def look() -> Sight:
    return Sight([change.text.en for change in kernel.plan(intent(), kernel.Memory.load())], user_space())


def user_space() -> float:
    """Seconds of processor time of all wireguard-go processes of this machine."""
    processes = [path.parent for path in Path("/proc").glob("[0-9]*/comm") if path.read_text() == "wireguard-go\n"]
    return sum(accounting.process_cpu(int(process.name)) for process in processes)


def _cost(work: Callable[[], list[Change]]) -> tuple[Cost, list[Change]]:
    cpu, wall = accounting.own_cpu(), time.monotonic()
    changes = work()
    return Cost(accounting.own_cpu() - cpu, time.monotonic() - wall), changes


def main() -> None:
    logging.basicConfig(stream=sys.stderr, level=logging.INFO)
    print(json.dumps(asdict(apply() if sys.argv[1] == "apply" else look())))


if __name__ == "__main__":
    main()
