"""Pure: a status document → what the templates print, in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from appliance.errors import SekishoError
from appliance.text import JAPAN, Language, Text
from webui.pages.maintenance_view import Doors, doors
from webui.pages.terminals_view import Switch, switches
from webui.times import full, moment, span
from webui.words.status import DAEMON_ADVICE, DAEMON_SILENT, STATES

Status = Mapping[str, Any]
"""The ``status`` of the local API."""


_NOT_SET_UP = frozenset({"router.no-account", "router.not-applied"})


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
    """All that the changing part of the page shows. code: cause of the worst light, empty when all is well. begin: the
    router waits for whoever sets it up. firmware: how an update stands, empty where there is nothing to tell."""

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
    switches: tuple[Switch, ...]
    doors: Doors | None
    begin: bool
    firmware: str = ""


def board(status: Status, language: Language) -> Board:
    at = moment(status["at"])
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
        at=full(at, language),
        switches=switches(status, language),
        doors=doors(status, language),
        firmware=_firmware(status, language),
        begin=any(light["cause"] in _NOT_SET_UP for light in roots),
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
        at=full(now.astimezone(JAPAN), language),
        switches=(),
        doors=None,
        begin=False,
        **_people(last_known or {}, language),
    )


def _firmware(status: Status, language: Language) -> str:
    """How an update stands, empty where there is nothing to tell."""
    firmware = status["firmware"]
    return firmware["text"][language] if firmware and firmware["text"] else ""


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
        since=_since(moment(light["since"]), at, language),
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


def _since(since: datetime, at: datetime, language: Language) -> str:
    clock = f"{since:%H:%M}"
    days = (at.date() - since.date()).days
    if language == "ja":
        day = {0: "今日", 1: "昨日"}.get(days) or f"{since.year}年{since.month}月{since.day}日"
        return f"{day} {clock} から（{span(at - since, language)}）"
    day = {0: "today", 1: "yesterday"}.get(days) or f"{since:%Y-%m-%d}"
    return f"since {day} {clock} ({span(at - since, language)})"


def _checked(age: float | None, language: Language) -> str:
    if age is None:
        return Text("まだ確認していません", "not checked yet").in_language(language)
    if age < 10:
        return Text("たったいま確認", "checked just now").in_language(language)
    ago = span(timedelta(seconds=age), language)
    return f"{ago}前に確認" if language == "ja" else f"checked {ago} ago"
