"""Pure: a status document → what the templates print, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from appliance.errors import SekishoError
from appliance.text import Language, Text
from webui.words import DAEMON_ADVICE, DAEMON_SILENT, STATES

Status = Mapping[str, Any]
"""The ``status`` of the local API."""

JAPAN = timezone(timedelta(hours=9))
"""The clinics' time: Japan has one zone and no summer time, and a router's own zone is often left at UTC."""


@dataclass(frozen=True, slots=True)
class Lamp:
    """One light. consequences: the lights that this one explains. code: what to tell on the telephone."""

    name: str
    title: str
    state: str
    word: str
    code: str
    summary: str
    advice: str
    since: str
    checked: str
    parts: tuple[Lamp, ...] = ()
    consequences: tuple[Lamp, ...] = ()
    consequences_title: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """All that the changing part of the page shows. code: cause of the worst light, empty when all is well."""

    state: str
    word: str
    text: str
    advice: str
    code: str
    lamps: tuple[Lamp, ...]
    at: str
    clinic: str
    vendor_name: str
    vendor_phone: str
    vendor_link: str


def board(status: Status, language: Language) -> Board:
    at = _moment(status["at"])
    lights = status["lights"]
    headline = status["headline"]
    advice = headline["advice"][language]
    roots = [light for light in lights if light["root"] is None]
    lamps = tuple(
        _lamp(light, at, language, advice, tuple(other for other in lights if other["root"] == light["name"]))
        for light in roots
    )
    return Board(
        state=headline["state"],
        word=STATES[headline["state"]].in_language(language),
        text=headline["text"][language],
        advice=advice,
        code="" if headline["state"] == "ok" else roots[0]["cause"],
        lamps=lamps,
        at=_full(at, language),
        **_people(status, language),
    )


def board_without_daemon(error: SekishoError, last_known: Status | None, now: datetime, language: Language) -> Board:
    """What can honestly be shown when the status cannot be had; clinic and vendor as they were last known."""
    return Board(
        state="unknown",
        word=STATES["unknown"].in_language(language),
        text=DAEMON_SILENT.in_language(language),
        advice=DAEMON_ADVICE.in_language(language),
        code=error.code,
        lamps=(),
        at=_full(now.astimezone(JAPAN), language),
        **_people(last_known or {}, language),
    )


def _people(status: Status, language: Language) -> dict[str, str]:
    clinic, vendor = status.get("clinic"), status.get("vendor")
    phone = vendor["phone"] if vendor else ""
    return {
        "clinic": clinic["name"][language] if clinic else "",
        "vendor_name": vendor["name"] if vendor else "",
        "vendor_phone": phone,
        # RFC 3966: digits and a leading plus; the brackets that people write are no part of a number.
        "vendor_link": "tel:" + "".join(character for character in phone if character in "+0123456789-"),
    }


def _lamp(
    light: Mapping[str, Any],
    at: datetime,
    language: Language,
    said_above: str,
    consequences: tuple[Mapping[str, Any], ...] = (),
) -> Lamp:
    """said_above: advice that stands in the headline already and is not repeated."""
    advice = light["advice"][language]
    return Lamp(
        name=light["name"],
        title=light["title"][language],
        state=light["state"],
        word=STATES[light["state"]].in_language(language),
        code=light["cause"],
        summary=light["summary"][language],
        advice="" if advice == said_above else advice,
        since=_since(_moment(light["since"]), at, language),
        checked=_checked(light["evidence_age"], language),
        parts=tuple(_lamp(part, at, language, advice) for part in light["parts"]),
        consequences=tuple(_lamp(other, at, language, other["advice"][language]) for other in consequences),
        consequences_title=_consequences_title(consequences, language),
    )


def _consequences_title(consequences: tuple[Mapping[str, Any], ...], language: Language) -> str:
    names = [light["title"][language] for light in consequences]
    return (
        f"この影響を受けているもの：{'、'.join(names)}"
        if language == "ja"
        else f"Not working because of this: {', '.join(names)}"
    )


def _moment(iso: str) -> datetime:
    return datetime.fromisoformat(iso).astimezone(JAPAN)


def _since(since: datetime, at: datetime, language: Language) -> str:
    clock = f"{since:%H:%M}"
    days = (at.date() - since.date()).days
    if language == "ja":
        day = {0: "今日", 1: "昨日"}.get(days) or f"{since.year}年{since.month}月{since.day}日"
        return f"{day} {clock} から（{_span(at - since, language)}）"
    day = {0: "today", 1: "yesterday"}.get(days) or f"{since:%Y-%m-%d}"
    return f"since {day} {clock} ({_span(at - since, language)})"


def _checked(age: float | None, language: Language) -> str:
    if age is None:
        return Text("まだ確認していません", "not checked yet").in_language(language)
    if age < 10:
        return Text("たったいま確認", "checked just now").in_language(language)
    span = _span(timedelta(seconds=age), language)
    return f"{span}前に確認" if language == "ja" else f"checked {span} ago"


_UNITS = (
    (86400, Text("日", "day")),
    (3600, Text("時間", "hour")),
    (60, Text("分", "minute")),
    (1, Text("秒", "second")),
)


def _span(span: timedelta, language: Language) -> str:
    """In the one unit that people would use."""
    seconds = max(0, int(span.total_seconds()))
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size or size == 1)
    number = seconds // size
    plural = "" if number == 1 else "s"
    return f"{number}{unit.ja}" if language == "ja" else f"{number} {unit.en}{plural}"


def _full(moment: datetime, language: Language) -> str:
    if language == "ja":
        return f"{moment.year}年{moment.month}月{moment.day}日 {moment:%H:%M}"
    return f"{moment:%Y-%m-%d %H:%M}"
