"""Pure: what of a status document is about remote maintenance → a door for each terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from appliance.text import Language
from webui.times import moment
from webui.words.maintenance import CLOSED, COUNTDOWN, IS_IN, LET_IN, OPEN


@dataclass(frozen=True, slots=True)
class Door:
    """One terminal. says: who may come until when, a sentence for each. left: whole seconds until it is closed for
    everybody, None where it is. maintainer: who more time is for, unless staff choose another. services: the terminal's
    TCP port, and where that is reached from afar."""

    name: str
    label: str
    is_open: bool
    word: str
    minutes: str
    says: tuple[str, ...] = ()
    left: int | None = None
    countdown: str = ""
    maintainer: str = ""
    services: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Doors:
    """maintainers: name, and what staff call him. countdown: the words with their gap."""

    maintainers: tuple[tuple[str, str], ...]
    doors: tuple[Door, ...]
    countdown: str


def doors(status: Mapping[str, Any], language: Language) -> Doors | None:
    """None where nothing can be opened."""
    told = status["maintenance"]
    if not told:
        return None
    at = moment(status["at"])
    titles = {one["name"]: one["title"][language] for one in told["maintainers"]}
    return Doors(
        tuple(titles.items()),
        tuple(_door(terminal, titles, at, language) for terminal in told["terminals"]),
        COUNTDOWN.in_language(language),
    )


def _door(terminal: Mapping[str, Any], titles: Mapping[str, str], at: datetime, language: Language) -> Door:
    minutes = f"{terminal['minutes']}分" if language == "ja" else f"{terminal['minutes']} minutes"
    ends = [moment(one["until"]) for one in terminal["open"]]
    left = max(0, round((max(ends) - at).total_seconds())) if ends else None
    return Door(
        name=terminal["name"],
        label=terminal["label"],
        is_open=bool(ends),
        word=(OPEN if ends else CLOSED).in_language(language),
        minutes=minutes,
        says=tuple(_says(one, titles, language) for one in terminal["open"]),
        left=left,
        countdown="" if left is None else COUNTDOWN.in_language(language).format(left=f"{left // 60}:{left % 60:02}"),
        maintainer=terminal["open"][0]["maintainer"] if ends else next(iter(titles), ""),
        services=tuple((service["port"], service["reached_at"]) for service in terminal["services"]),
    )


def _says(one: Mapping[str, Any], titles: Mapping[str, str], language: Language) -> str:
    sentence = IS_IN if one["connections"] else LET_IN
    return sentence.in_language(language).format(
        who=titles.get(one["maintainer"], one["maintainer"]),
        count=one["connections"],
        until=f"{moment(one['until']):%H:%M}",
    )
