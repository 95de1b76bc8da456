"""The power goes at random points of an update, as often in each of its phases: there is always a version that starts.

SEKISHO_CUTS: how often (3; ``make soak-image``: 50). SEKISHO_STARTS: of how many of these disks the machine is switched
on again (of all). SEKISHO_SEED: for the same points again. The log is build/image/soak/log.txt.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime

from tests.image import power_cuts
from tests.image.emulated import RUNS
from tests.image.power_cuts import PHASES, Outcome
from tests.image.updated import Updated

_CUTS = int(os.environ.get("SEKISHO_CUTS") or len(PHASES))
_STARTS = int(os.environ.get("SEKISHO_STARTS") or _CUTS)
_SEED = int(os.environ.get("SEKISHO_SEED") or 3)
_LOG = RUNS.with_name("soak") / "log.txt"


def test_there_is_always_a_version_that_comes_up(updated: Updated) -> None:
    _LOG.parent.mkdir(exist_ok=True)
    began = time.monotonic()
    outcomes = []
    with _LOG.open("w", buffering=1) as log:

        def tell(line: str) -> None:
            print(line, flush=True)
            log.write(line + "\n")

        tell(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC: {_CUTS} cuts, {_STARTS} of them started, seed {_SEED}")
        for outcome in power_cuts.play(updated, _CUTS, _STARTS, _SEED):
            outcomes.append(outcome)
            tell(_line(outcome))
        tell(f"a working slot after each of {_CUTS} cuts; {_STARTS} of the machines were started to green lights")
        tell(f"it took {(time.monotonic() - began) / 60:.0f} min")
    assert {outcome.cut.phase for outcome in outcomes} == set(PHASES)
    assert outcomes[0].found.version == updated.before


def _line(outcome: Outcome) -> str:
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
