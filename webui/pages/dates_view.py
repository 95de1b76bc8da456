"""Pure: the ``calendar`` of the local API → what the template prints."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from appliance.text import Language
from webui.times import day, moment, span
from webui.words.dates import WORDS

NEXT = 3
"""So many are shown unfolded, and all that the router warns of."""
_ROUTINE = ("revocations:", "page:own")
"""What is renewed without anybody, such as lists every few days: worth a look only when that did not happen."""
_YEARS = 730
"""Days from which on nobody counts them."""


@dataclass(frozen=True, slots=True)
class Date:
    state: str
    on: str
    iso: str
    left: str
    title: str
    stops: str
    who: str


@dataclass(frozen=True, slots=True)
class Dates:
    near: tuple[Date, ...]
    later: tuple[Date, ...]


def dates(document: Mapping[str, Any], language: Language) -> Dates:
    near: list[Date] = []
    later: list[Date] = []
    for one in document["dates"]:
        counts = one["state"] != "ok" or (len(near) < NEXT and not one["name"].startswith(_ROUTINE))
        (near if counts else later).append(_date(one, language))
    return Dates(tuple(near), tuple(later))


def _date(one: Mapping[str, Any], language: Language) -> Date:
    on = moment(one["on"])
    return Date(
        state=one["state"],
        on=day(on, language),
        iso=f"{on:%Y-%m-%d}",
        left=_left(one["days_left"], language),
        title=one["title"][language],
        stops=one["stops"][language],
        who=one["who"][language],
    )


def _left(days: int, language: Language) -> str:
    if days <= 0:
        return WORDS["over" if days < 0 else "within_a_day"].in_language(language)
    left = span(timedelta(days=days), language)
    if days >= _YEARS:
        left = f"{days // 365}年" if language == "ja" else f"{days // 365} years"
    return WORDS["left"].in_language(language).format(span=left)
