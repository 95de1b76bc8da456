"""`sekisho calendar`: what ends on which day, what stops then, and who has to act."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from appliance.cli import moments
from appliance.cli.columns import printable, table
from appliance.cli.status_view import SYMBOLS
from appliance.cli.words import add_json, languages, print_json
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

_OVER = Text("過ぎた", "over")
_LEFT = Text("あと {days} 日", "{days} days left")


def register(subparsers: Subparsers) -> None:
    calendar = subparsers.add_parser("calendar", help="期限の一覧を見る / what ends when, and who acts")
    add_json(calendar)
    calendar.set_defaults(func=_calendar)


def _calendar(args: argparse.Namespace) -> int:
    answer = Client().call("calendar")
    if args.json:
        print_json(answer)
        return 0
    spoken = languages(args)
    rows = []
    for date in answer["dates"]:
        left = _OVER if date["days_left"] < 0 else _LEFT
        rows.append(
            [
                SYMBOLS[date["state"]],
                moments.day(date["on"]),
                " / ".join(left.in_language(language).format(days=date["days_left"]) for language in spoken),
                printable(" / ".join(date["title"][language] for language in spoken)),
            ]
        )
    for line, date in zip(table(rows) if rows else [], answer["dates"], strict=True):
        print(line)
        for language in spoken:
            print(f"    {printable(date['stops'][language])} {printable(date['who'][language])}")
    return 0
