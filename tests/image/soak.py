"""The power is cut at fifty random points of an update: ``python -m tests.image.soak``, after ``make image``.

It ends with the first disk that does not come up. The log is in build/image/soak.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime

from tests.image import power_cuts
from tests.image.emulated import RUNS
from tests.image.power_cuts import Outcome
from tests.image.updated import update

LOG = RUNS.with_name("soak")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--starts", type=int, help="of how many the machine is switched on again; all")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    args = parser.parse_args()
    starts = args.cuts if args.starts is None else args.starts
    LOG.mkdir(parents=True, exist_ok=True)
    with (LOG / "log.txt").open("w", buffering=1) as log:

        def tell(line: str) -> None:
            print(line, flush=True)
            log.write(line + "\n")

        _soak(args.cuts, starts, args.seed, tell)


def _soak(cuts: int, starts: int, seed: int, tell: Callable[[str], None]) -> None:
    tell(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {cuts} cuts, {starts} of them started, seed {seed}")
    began = time.monotonic()
    with update() as updated:
        tell(f"the update is on record ({updated.machine.log.stat().st_size >> 20} MiB, {_since(began)})")
        for outcome in power_cuts.play(updated, cuts, starts, seed):
            tell(line(outcome))
    tell(f"a working slot after each of {cuts} cuts; {starts} of the machines were started to green lights")
    tell(f"it took {_since(began)}")


def line(outcome: Outcome) -> str:
    """One cut."""
    cut, found = outcome.cut, outcome.found
    words = [
        f"{cut.number:3} {cut.phase:8} after request {cut.point}, {cut.unsure} not flushed:",
        f"version {found.version}, {found.kept.stage}, entries {' '.join(found.entries)}",
        *([] if found.tables else ["one copy of the partition table was torn"]),
        *(["data mended"] if found.mended else []),
        *([f"fsck.fat: {found.complaints}"] if found.complaints else []),
        "only looked at" if outcome.seconds is None else f"green {outcome.seconds:.0f} s after power",
    ]
    return f"{words[0]} {'; '.join(words[1:])}"


def _since(began: float) -> str:
    return f"{(time.monotonic() - began) / 60:.0f} min"


if __name__ == "__main__":
    main()
