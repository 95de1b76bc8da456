"""Pure: ``history.lights`` and ``history.outages`` → pictures, and the same in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from appliance.text import JAPAN, Language
from webui.times import length, moment, short
from webui.words.past import CLOSED, COURSES, ENDINGS, KINDS

HEIGHT = 24
_BANDS: Mapping[str, tuple[tuple[int, int], ...]] = {
    "ok": ((11, 2),),
    "warning": ((7, 10),),
    "failed": ((1, 22),),
    "unknown": ((8, 2), (14, 2)),
}
"""Where a state's bands lie: top and height. The worse, the taller, so that nobody needs the colours."""
SHOWN = 12
"""Outages that are told on the page."""


@dataclass(frozen=True, slots=True)
class Band:
    """d: path data in a box as wide as there are cells, `HEIGHT` tall."""

    state: str
    d: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One light. words: the same for who does not see the picture."""

    title: str
    bands: tuple[Band, ...]
    words: str


@dataclass(frozen=True, slots=True)
class Tick:
    """at: per cent of the width."""

    at: str
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    lanes: tuple[Lane, ...]
    ticks: tuple[Tick, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One outage in words. state: as of a light, for the sign beside it."""

    state: str
    when: str
    length: str
    what: str
    ending: str
    code: str


def picture(document: Mapping[str, Any], language: Language) -> Picture:
    since, until = moment(document["from"]), moment(document["to"])
    lanes = tuple(_lane(light, language) for light in document["lights"])
    width = sum(count for _, count in document["lights"][0]["cells"]) if lanes else 0
    return Picture(width, lanes, tuple(_ticks(since, until)))


def _lane(light: Mapping[str, Any], language: Language) -> Lane:
    paths: dict[str, str] = {}
    x = 0
    for state, count in light["cells"]:
        for top, height in _BANDS.get(state, ()):
            paths[state] = paths.get(state, "") + f"M{x} {top}h{count}v{height}h-{count}z"
        x += count
    separator = "、" if language == "ja" else ", "
    words = separator.join(
        f"{COURSES[state].in_language(language)} {length(light['seconds'][state], language)}"
        for state in COURSES
        if state in light["seconds"]
    )
    return Lane(light["title"][language], tuple(Band(*path) for path in paths.items()), words)


def _ticks(since: datetime, until: datetime) -> Iterator[Tick]:
    """Every six hours of a day, every Monday of a month. The last stretch belongs to the word "now"."""
    by_the_hour = until - since <= timedelta(days=2)
    step = timedelta(hours=1) if by_the_hour else timedelta(days=1)
    at = since.replace(minute=0, second=0, microsecond=0) if by_the_hour else datetime.combine(since, time(), JAPAN)
    while at <= until:
        place = (at - since) / (until - since)
        if 0.03 <= place <= 0.88 and (at.hour % 6 == 0 if by_the_hour else at.weekday() == 0):
            yield Tick(f"{place * 100:.2f}", f"{at.hour}:00" if by_the_hour else f"{at.month}/{at.day}")
        at += step


def outages(document: Mapping[str, Any], language: Language) -> tuple[Sequence[Told], int]:
    """The newest, and how many more there are."""
    now = moment(document["to"])
    found = document["outages"]
    return [_told(outage, now, language) for outage in found[:SHOWN]], len(found) - len(found[:SHOWN]) + document[
        "more"
    ]


def _told(outage: Mapping[str, Any], now: datetime, language: Language) -> Told:
    kind = outage["kind"]
    what = outage["summary"][language] if outage["summary"] else KINDS[kind].in_language(language)
    if kind == "off":
        separator = "" if language == "ja" else " "
        what += separator + CLOSED[outage["closed"]].in_language(language)
    return Told(
        state="failed" if kind == "outage" else "unknown",
        when=short(moment(outage["from"]), now, language),
        length=length(outage["seconds"], language),
        what=what,
        ending=ENDINGS[outage["ending"]].in_language(language),
        code=outage["cause"] or "",
    )
