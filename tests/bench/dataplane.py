"""The packet path in figures: ``python -m tests.bench.dataplane``. Each part runs in a guest of its own, after another.

Each part is a benchmark of its own name, with its own rows and, where a goal is missed, its own profile; this one
chooses the kind of guest for each (see `tests.vm.kinds`) and puts their rows together.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys

from tests.bench.table import DIRECTORY, combine
from tests.vm import command, project
from tests.vm.kinds import COUNTED, WALL_CLOCK, Kind

FAILOVER_ROUNDS = 1
"""Two cuts of each kind in each; ``python -m tests.bench.failover`` alone makes a hundred."""
HOW = "the packet path on Debian 13's kernel, each row beside its peer in the same guest"


def parts(failover_rounds: int) -> dict[str, tuple[Kind, tuple[str, ...]]]:
    """By the name of the benchmark: on what kind of guest, and with which options."""
    return {
        # The clock counts instructions.
        "instructions": (COUNTED, ()),
        "throughput": (WALL_CLOCK, ()),
        "failover": (WALL_CLOCK, ("--rounds", str(failover_rounds))),
        # An hour of the wall clock. In time travel it would take longer: with BFD every 20 ms nothing can be skipped.
        "loss": (WALL_CLOCK, ()),
        "apply": (WALL_CLOCK, ()),
        # Nobody outside the router's world shares its pages there.
        "memory": (WALL_CLOCK, ()),
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.dataplane", description=HOW)
    parser.add_argument("parts", nargs="*", help="parts to measure anew; of the others, the rows of their last run")
    parser.add_argument(
        "--failover-rounds", type=int, default=FAILOVER_ROUNDS, help="two cuts of each kind in each (%(default)s)"
    )
    options = parser.parse_args()
    known = parts(options.failover_rounds)
    if unknown := set(options.parts) - set(known):
        parser.error(f"no such parts: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with project.alone():
        project.refresh()
        for name, (kind, words) in known.items():
            if options.parts and name not in options.parts:
                continue
            print(f"== {name} ({kind.name})", flush=True)
            status = command.run(kind, shlex.join(["python", "-m", f"tests.bench.{name}", *words]))
            if status != 0:
                print(f"{name} could not be measured: status {status}", file=sys.stderr)
                return status
    rows = combine("dataplane", HOW, [name for name in known if (DIRECTORY / f"{name}.json").exists()])
    print(f"goals: {sum(row['reached'] is True for row in rows)} reached", end=", ")
    print(f"{sum(row['reached'] is False for row in rows)} missed (profiles: build/bench/*-profile.txt)")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
