"""The packet path in figures: ``python -m tests.bench.dataplane``. Each part runs in a guest of its own, after another.

Each part is a benchmark of its own name, with its own rows and, where a goal is missed, its own profile; this one
chooses the kind of guest for each (see `tests.vm.kinds`) and puts their rows together.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from functools import partial

from tests.bench import parts
from tests.vm import command, project
from tests.vm.kinds import COUNTED, TIME_TRAVEL, WALL_CLOCK, Kind

FAILOVER_ROUNDS = 1
"""Two cuts of each kind in each; ``python -m tests.bench.failover`` alone makes a hundred."""
HOW = "the packet path on Debian 13's kernel, each row beside its peer in the same guest"


def known(failover_rounds: int) -> dict[str, tuple[Kind, tuple[str, ...]]]:
    """By the name of the benchmark: on what kind of guest, and with which options."""
    return {
        # The clock counts instructions.
        "instructions": (COUNTED, ()),
        "throughput": (WALL_CLOCK, ()),
        "failover": (WALL_CLOCK, ("--rounds", str(failover_rounds))),
        # What this machine keeps waiting for a sixth of a second is a dead tunnel to BFD: its clock stays out of it.
        "loss": (TIME_TRAVEL, ()),
        "apply": (WALL_CLOCK, ()),
        # Nobody outside the router's world shares its pages there.
        "memory": (WALL_CLOCK, ()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dataplane", description=HOW)
    parts.add_to(parser)
    parser.add_argument(
        "--failover-rounds", type=int, default=FAILOVER_ROUNDS, help="two cuts of each kind in each (%(default)s)"
    )
    options = parser.parse_args()
    measures = {name: partial(_measure, name, *how) for name, how in known(options.failover_rounds).items()}
    parts.check(parser, options.parts, measures)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with project.alone():
        project.refresh()
        return parts.measure("dataplane", HOW, measures, options.parts)


def _measure(name: str, kind: Kind, words: tuple[str, ...]) -> int:
    print(f"on a guest of the kind {kind.name}", flush=True)
    return command.run(kind, shlex.join(["python", "-m", f"tests.bench.{name}", *words]))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
