"""What the lights showed, what could not be reached and for how long, and what ends next: for everybody."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from appliance.control.dispatch import JSON, BadParams, Handler, Peer
from appliance.control.keep_history import HistoryKeeper
from appliance.health.titles import TITLES
from appliance.history.cells import cells, lengths
from appliance.history.past import Outage, Past
from appliance.history.store import KEPT_DAYS
from appliance.text import Text

MOST_HOURS = KEPT_DAYS * 24
CELLS = 288
"""Of a picture: five minutes of a day, two and a half hours of a month."""
MOST = 200
"""Changes, and outages, of one answer: the newest."""


class Router(Protocol):
    history: HistoryKeeper

    async def calendar(self) -> dict[str, Any]: ...


def methods(router: Router) -> Mapping[str, Handler]:
    async def lights(params: dict[str, Any], _: Peer) -> JSON:
        hours = _hours(params, "history.lights")
        return await asyncio.to_thread(lambda: lights_document(router.history.past(hours * 3600.0), _now(), hours))

    async def outages(params: dict[str, Any], _: Peer) -> JSON:
        hours = _hours(params, "history.outages")
        return await asyncio.to_thread(lambda: outages_document(router.history.past(hours * 3600.0), _now(), hours))

    async def calendar(_: dict[str, Any], __: Peer) -> JSON:
        return await router.calendar()

    return {"history.lights": lights, "history.outages": outages, "calendar": calendar}


def _hours(params: dict[str, Any], method: str) -> int:
    hours = params.get("hours", 24)
    if type(hours) is not int or not 1 <= hours <= MOST_HOURS:
        raise BadParams(
            f"{method} の hours は 1 から {MOST_HOURS} までの整数（時間）で渡してください。",
            f"{method} takes hours, a whole number from 1 to {MOST_HOURS}.",
        )
    return hours


def lights_document(past: Past, now: float, hours: int) -> dict[str, Any]:
    """now: Unix time, the end of what is told. cells: ``[state, how many]``, from the oldest to now, where a
    failure stands for its whole cell; seconds: of each state, as it was.

    changes: the newest first, in the words of then.
    """
    since, step = now - hours * 3600.0, hours * 3600.0 / CELLS
    names = [name for name in TITLES if name in past.lights]
    changes = sorted(
        (span for name in names for span in past.lights[name] if span.began > since),
        key=lambda span: span.began,
        reverse=True,
    )
    return {
        "from": _iso(since),
        "to": _iso(now),
        "step_seconds": step,
        "lights": [
            {
                "name": name,
                "title": TITLES[name].as_dict(),
                "seconds": {state: round(length) for state, length in lengths(past, name, since, now).items()},
                "cells": [list(run) for run in cells(past, name, since, step, CELLS)],
            }
            for name in names
        ],
        "changes": [
            {
                "at": _iso(span.began),
                "light": span.shown.light,
                "state": span.shown.state,
                "cause": span.shown.cause,
                "root": span.shown.root,
                "summary": span.shown.summary.as_dict(),
            }
            for span in changes[:MOST]
        ],
    }


def outages_document(past: Past, now: float, hours: int) -> dict[str, Any]:
    """Newest first; see `history.past.Outage`. more: there were too many to tell all."""
    told = [_outage(outage) for outage in reversed(past.outages)]
    return {
        "from": _iso(now - hours * 3600.0),
        "to": _iso(now),
        "outages": told[:MOST],
        "more": max(0, len(told) - MOST),
    }


def _outage(outage: Outage) -> dict[str, Any]:
    shown = outage.shown
    return {
        "kind": outage.kind.value,
        "from": _iso(outage.began),
        "to": None if outage.ended is None else _iso(outage.ended),
        "seconds": round(outage.seconds),
        "ending": outage.ending.value,
        "closed": outage.closed,
        "light": shown and shown.light,
        "title": shown and TITLES.get(shown.light, Text(shown.light, shown.light)).as_dict(),
        "cause": shown and shown.cause,
        "summary": shown and shown.summary.as_dict(),
    }


def _now() -> float:
    return datetime.now(UTC).timestamp()


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
