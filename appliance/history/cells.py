"""Pure: spans → cells of equal length, so that a picture of a month is as small as one of an hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from appliance.history.past import Kind, Outage, Past, Span

OFF = "off"
"""State of a cell in which the router had no power for most of the time."""
UNKNOWN = "unknown"
_SHOWN_ANYHOW = ("failed", "warning")
"""Worst first. However short, nobody may miss it; of the rest, what lasted longest stands for the cell."""

Run = tuple[str, int]
"""A state, and for how many cells."""


def cells(past: Past, light: str, since: float, step: float, count: int) -> list[Run]:
    """Of one light: `count` cells of `step` seconds from `since` (Unix time) on, equal neighbours together."""
    seconds: list[dict[str, float]] = [{} for _ in range(count)]
    for began, ended, state in _pieces(past.lights.get(light, ()), past.outages):
        first, last = int((began - since) // step), int((ended - since) // step)
        for number in range(max(0, first), min(count - 1, last) + 1):
            left = since + number * step
            inside = min(ended, left + step) - max(began, left)
            if inside > 0:
                seconds[number][state] = seconds[number].get(state, 0.0) + inside
    return [(state, len(list(same))) for state, same in groupby(_state(cell, step) for cell in seconds)]


def lengths(past: Past, light: str, since: float, until: float) -> dict[str, float]:
    """Seconds of each state between the two (Unix time); what nobody saw is not known."""
    found: dict[str, float] = {}
    for began, ended, state in _pieces(past.lights.get(light, ()), past.outages):
        inside = min(ended, until) - max(began, since)
        if inside > 0:
            found[state] = found.get(state, 0.0) + inside
    unseen = until - since - sum(found.values())
    if unseen > 1.0:
        found[UNKNOWN] = found.get(UNKNOWN, 0.0) + unseen
    return found


def _pieces(spans: Sequence[Span], outages: Iterable[Outage]) -> Iterator[tuple[float, float, str]]:
    for span in spans:
        yield span.began, span.ended, span.shown.state
    for outage in outages:
        if outage.kind is Kind.OFF and outage.ended is not None:
            yield outage.began, outage.ended, OFF


def _state(cell: dict[str, float], step: float) -> str:
    for state in _SHOWN_ANYHOW:
        if state in cell:
            return state
    nobody_saw = step - sum(cell.values())
    known = {**cell, UNKNOWN: cell.get(UNKNOWN, 0.0) + nobody_saw}
    return max(known, key=lambda state: known[state])
