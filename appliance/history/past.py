"""Pure: what was written down → spans, outages and gaps in the time that people read.

Only the order of runs and the lengths inside them are certain. A wall clock that was wrong moves a run as a whole,
never its parts against each other, and no run reaches into the one after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby, pairwise

from appliance.history.model import GONE, Anchor, Change, Run, Shown

ENGINE = "engine"
"""The light by which people tell whether they can work."""
SEEN_WITHIN = 30.0
"""Seconds: the path is missed at once, what lies behind it only with the next looks at the line."""
SHORTEST_GAP = 60.0
"""Seconds. A restart of the daemon is no news for anybody."""


class Kind(StrEnum):
    """outage: the router was there and said that the receipt engine could not be reached. off: the router was off.
    unwatched: the router ran, but not its daemon, so nobody knows."""

    OUTAGE = "outage"
    OFF = "off"
    UNWATCHED = "unwatched"


class Ending(StrEnum):
    """How something ended: all was well again, not yet, or nobody saw it because the daemon ended first."""

    RECOVERED = "recovered"
    ONGOING = "ongoing"
    NOT_SEEN = "not-seen"


@dataclass(frozen=True, slots=True)
class Span:
    """A light showed the same from began to ended (Unix time, seconds)."""

    shown: Shown
    began: float
    ended: float


@dataclass(frozen=True, slots=True)
class Outage:
    """began, ended: Unix time; ended None: it goes on. seconds: its length so far.

    shown: what it began with, the light at the root; None for a gap. closed: of a gap, whether the daemon had been told
    to end, as at a shutdown, or was cut off, as by a loss of power.
    """

    kind: Kind
    began: float
    ended: float | None
    seconds: float
    ending: Ending
    shown: Shown | None = None
    closed: bool | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """lights: by name, in order. outages: gaps among them, oldest first."""

    lights: Mapping[str, tuple[Span, ...]]
    outages: tuple[Outage, ...]


def offsets(runs: Sequence[Run], now: Anchor) -> dict[int, float]:
    """By run: what makes Unix time of its CLOCK_BOOTTIME. runs: in order; the last one lives, by the clock `now`."""
    anchors = {run.boot: run.anchor for run in runs}
    if runs:
        anchors[runs[-1].boot] = now
    found: dict[int, float] = {}
    latest = now.wall
    for run in reversed(runs):
        offset = anchors[run.boot].offset
        end = now.boot if run.ended is None else run.ended
        offset -= max(0.0, end + offset - latest)
        found[run.number] = offset
        latest = run.began + offset
    return found


def past(runs: Sequence[Run], changes: Iterable[Change], now: Anchor, since: float) -> Past:
    """runs, changes: in the order in which they were written. since: Unix time; what ended before is left out."""
    dates = offsets(runs, now)
    by_run = {number: list(group) for number, group in groupby(changes, key=lambda change: change.run)}
    lights: dict[str, list[Span]] = {}
    outages: list[Outage] = []
    for run in runs:
        offset, end = dates[run.number], now.boot if run.ended is None else run.ended
        known = by_run.get(run.number, [])
        for span in _spans(known, end, offset):
            if span.ended > since:
                lights.setdefault(span.shown.light, []).append(
                    Span(span.shown, max(since, span.began), min(now.wall, span.ended))
                )
        outages += _outages(known, run, end, offset)
    outages += _gaps(runs, dates, now)
    kept = [outage for outage in outages if outage.ended is None or outage.ended > since]
    return Past(
        {light: tuple(spans) for light, spans in sorted(lights.items())},
        tuple(sorted(kept, key=lambda outage: outage.began)),
    )


def _spans(changes: Sequence[Change], end: float, offset: float) -> Iterable[Span]:
    showing: dict[str, Change] = {}
    for change in changes:
        before = showing.get(change.shown.light)
        if before is not None:
            yield from _span(before, change.at, offset)
        showing[change.shown.light] = change
    for change in showing.values():
        yield from _span(change, end, offset)


def _span(change: Change, end: float, offset: float) -> Iterable[Span]:
    if change.shown.state != GONE and end > change.at:
        yield Span(change.shown, change.at + offset, end + offset)


def _outages(changes: Sequence[Change], run: Run, end: float, offset: float) -> Iterable[Outage]:
    lights: dict[str, Shown] = {}
    began: float | None = None
    first: Shown | None = None
    for at, together in groupby(changes, key=lambda change: change.at):
        lights |= {change.shown.light: change.shown for change in together}
        cause = explains(lights)
        if cause is None:
            if began is not None and first is not None:
                yield _outage(began, at, offset, first, Ending.RECOVERED)
            began = first = None
        elif began is None or first is None:
            began, first = at, cause
        elif at - began <= SEEN_WITHIN and lights[first.light].root == cause.light:
            # What was found first was only an echo of this.
            first = cause
    if began is not None and first is not None:
        yield _outage(began, end, offset, first, Ending.ONGOING if run.ended is None else Ending.NOT_SEEN)


def _outage(began: float, end: float, offset: float, cause: Shown, ending: Ending) -> Outage:
    ended = None if ending is Ending.ONGOING else end + offset
    return Outage(Kind.OUTAGE, began + offset, ended, end - began, ending, cause)


def explains(lights: Mapping[str, Shown]) -> Shown | None:
    """What keeps people from the receipt engine; None where nothing does, or nothing is known yet."""
    engine = lights.get(ENGINE)
    if engine is None:
        return None
    root = lights.get(engine.root) if engine.root else None
    if engine.state == "failed" or (engine.state == "unknown" and root is not None):
        return root or engine
    return None


def _gaps(runs: Sequence[Run], dates: Mapping[int, float], now: Anchor) -> Iterable[Outage]:
    for before, after in pairwise(runs):
        began = (now.boot if before.ended is None else before.ended) + dates[before.number]
        ended = after.began + dates[after.number]
        same = before.boot == after.boot
        if not same or ended - began >= SHORTEST_GAP:
            kind = Kind.UNWATCHED if same else Kind.OFF
            yield Outage(kind, began, ended, ended - began, Ending.RECOVERED, closed=before.closed)
