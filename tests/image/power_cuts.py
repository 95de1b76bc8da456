"""The power is cut at random points of a recorded update: what is left on the disk is looked at, and started."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from tests.image import whole
from tests.image.clinic import cards
from tests.image.emulated import OUTPUT, RUNS
from tests.image.partitions import partitions
from tests.image.recording import Kind, Replay, Request, requests
from tests.image.updated import INSTALL, Updated
from tests.image.whole import Found

PHASES = ("writing", "naming", "proving")
"""Into the other slot; from its name in the partition table to the restart; from there to the proof and what follows.

There are as many cuts of each, though nearly all requests are of the first.
"""
_LATER = timedelta(minutes=30)
"""After the night has begun: somebody has noticed, and the power is back."""


@dataclass(frozen=True, slots=True)
class Cut:
    """point: requests that had been made. unsure: how many of them had not been flushed."""

    number: int
    phase: str
    point: int
    unsure: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """seconds: from power to green lights; None where the disk was only looked at."""

    cut: Cut
    found: Found
    seconds: float | None


def phases(updated: Updated, made: Sequence[Request]) -> dict[str, range]:
    """By name, the numbers of the requests."""
    disk = updated.machine.disk
    parts = partitions(disk)
    slot = next(one for one in parts if one.name == f"sekisho_{updated.after}")
    # Behind them is nothing but the partition table's second copy, which is written first.
    end = max(one.offset + one.size for one in parts)

    def first(low: int, high: int, since: int) -> int:
        numbers = range(since, len(made))
        return next(n for n in numbers if made[n].kind is Kind.WRITE and low <= made[n].at < high)

    writing = first(slot.offset, slot.offset + slot.size, 0)
    naming = first(end, disk.stat().st_size, writing)
    proving = next(n for n in range(naming, len(made)) if made[n].end > updated.restart)
    bounds = (writing, naming, proving, len(made) + 1)
    return {name: range(bounds[n], bounds[n + 1]) for n, name in enumerate(PHASES)}


def play(updated: Updated, cuts: int, started: int, seed: int) -> Iterator[Outcome]:
    """cuts: how many. started: of how many of them the machine is switched on again.

    Raises NotWholeError, TimeoutError with the end of the console; the disk is then still there, as `left`.
    """
    folder = RUNS / "power-cuts"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    chance = random.Random(seed)
    made = requests(updated.machine.log)
    points = _points(phases(updated, made), cuts, chance)
    replay = Replay(updated.machine.before, updated.machine.log, made, folder)
    kernels = {updated.before: OUTPUT / "sekisho.efi", updated.after: updated.next / "sekisho.efi"}
    signed = whole.signed(updated.machine.disk, kernels)
    chosen = set(chance.sample(range(cuts), started))
    left = folder / "left.raw"
    for number, (point, phase) in enumerate(points):
        cut = Cut(number + 1, phase, point, replay.cut(point, chance, left))
        found = whole.check(left, signed, folder)
        seconds = _start(updated, cut, found, left) if number in chosen else None
        yield Outcome(cut, found, seconds)
    shutil.rmtree(folder)


def _points(phases: dict[str, range], cuts: int, chance: random.Random) -> list[tuple[int, str]]:
    """Requests that had been made, rising, with the phase."""
    names = [PHASES[n % len(PHASES)] for n in range(cuts)]
    return sorted((chance.choice(phases[name]), name) for name in names)


def _start(updated: Updated, cut: Cut, found: Found, left: Path) -> float:
    """Until all lights are green."""
    updated.clock.set(updated.night + _LATER)
    with cards(updated.world) as plugged, updated.another(f"power-cut-{cut.number}", plugged, left) as machine:
        seconds = machine.await_word("the lights are green after ", limit=INSTALL)
        said = machine.said()
        if f"Sekisho {found.version} is running after " not in said:
            raise AssertionError(f"another version than {found.version} has come up: {machine.console}")
        machine.cut_power()
        machine.disk.unlink()
    return seconds
