"""`sekisho history`: when the receipt engine could not be reached and why, and what the lights showed."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from appliance.cli import moments
from appliance.cli.columns import pad, printable, width
from appliance.cli.status_view import SYMBOLS, WORDS
from appliance.cli.words import add_json, languages, print_json
from appliance.control.client import Client
from appliance.text import Language, Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

_BAR = 72
"""Characters of a light's picture."""
_MARKS: Mapping[str, str] = {"ok": "─", "warning": "▲", "failed": "✖", "unknown": "?", "off": " "}
_WORST = ("failed", "warning", "unknown", "off", "ok")
_LEGEND = Text("空白: ルーターの電源が切れていた", "blank: the router was off")
_NONE = Text("レセコンにつながらなかったことはありません。", "The receipt computer could be reached all the time.")
_MORE = Text("ほかに {count} 件", "{count} more")
_OUTAGES = Text("つながらなかった時間", "Outages")
_CHANGES = Text("表示の変化", "Changes of the lights")
_KINDS = {
    "off": Text("ルーターの電源が切れていた", "the router was off"),
    "unwatched": Text("ルーターの見張り役が止まっていたため、分からない", "not known: nobody watched"),
}
_CLOSED = {
    True: Text("（終了の操作のあと）", " (after it had been shut down)"),
    False: Text("（突然切れた）", " (it was cut off)"),
}
_ENDINGS = {
    "recovered": Text("", ""),
    "ongoing": Text("（続いている）", " (goes on)"),
    "not-seen": Text("（終わりは見ていない）", " (its end was not seen)"),
}


def register(subparsers: Subparsers) -> None:
    history = subparsers.add_parser("history", help="これまでの様子を見る / what the lights showed, and outages")
    history.add_argument("--hours", type=int, metavar="N", help="時間（9600 まで）/ hours back, up to 9600")
    history.add_argument("--days", type=int, metavar="N", help="日数（400 まで）/ days back, up to 400")
    history.add_argument("--changes", action="store_true", help="表示の変化も見る / every change of a light, too")
    add_json(history)
    history.set_defaults(func=_history)


def _history(args: argparse.Namespace) -> int:
    hours = args.hours if args.hours is not None else (args.days or 1) * 24
    client = Client()
    lights = client.call("history.lights", {"hours": hours})
    outages = client.call("history.outages", {"hours": hours})
    if args.json:
        print_json({"lights": lights, "outages": outages})
        return 0
    spoken = languages(args)
    print("\n".join([*_pictures(lights, spoken), "", *_outages(outages, spoken)]))
    if args.changes:
        print("\n".join(["", *_changes(lights["changes"], spoken)]))
    return 0


def _pictures(document: Mapping[str, Any], spoken: tuple[Language, ...]) -> Iterator[str]:
    yield f"{moments.minute(document['from'])} – {moments.minute(document['to'])}"
    titles = [" / ".join(light["title"][language] for language in spoken) for light in document["lights"]]
    cells = max(map(width, titles), default=0)
    for title, light in zip(titles, document["lights"], strict=True):
        yield f"{pad(title, cells)}  {bar(light['cells'])}"
    legend = [f"{_MARKS[state]} {' / '.join(word.in_language(one) for one in spoken)}" for state, word in WORDS.items()]
    yield "  ".join([*legend, " / ".join(_LEGEND.in_language(language) for language in spoken)])


def bar(cells: list[tuple[str, int]]) -> str:
    """The worst of each character's cells."""
    states = [state for state, count in cells for _ in range(count)]
    edges = [number * len(states) // _BAR for number in range(_BAR + 1)]
    pieces = [states[left : max(right, left + 1)] for left, right in pairwise(edges)]
    return "".join(_MARKS[next(state for state in _WORST if state in piece)] for piece in pieces if piece)


def _outages(document: Mapping[str, Any], spoken: tuple[Language, ...]) -> Iterator[str]:
    yield " / ".join(_OUTAGES.in_language(language) for language in spoken)
    if not document["outages"]:
        yield from (_NONE.in_language(language) for language in spoken)
    for outage in document["outages"]:
        length = moments.length(outage["seconds"])
        began = moments.minute(outage["from"])
        first = f"{began}  {' / '.join(dict.fromkeys(length.in_language(language) for language in spoken))}"
        yield f"{first}  {outage['cause'] or outage['kind']}"
        for language in spoken:
            yield f"    {printable(in_words(outage, language))}"
    if document["more"]:
        yield " / ".join(_MORE.in_language(language).format(count=document["more"]) for language in spoken)


def in_words(outage: Mapping[str, Any], language: Language) -> str:
    ending = _ENDINGS[outage["ending"]].in_language(language)
    if outage["summary"]:
        return f"{outage['summary'][language]}{ending}"
    closed = _CLOSED.get(outage["closed"]) if outage["kind"] == "off" else None
    return _KINDS[outage["kind"]].in_language(language) + (closed.in_language(language) if closed else "")


def _changes(changes: list[Mapping[str, Any]], spoken: tuple[Language, ...]) -> Iterator[str]:
    yield " / ".join(_CHANGES.in_language(language) for language in spoken)
    for change in changes:
        because = f" ← {change['root']}" if change["root"] else ""
        yield f"{moments.minute(change['at'])}  {SYMBOLS[change['state']]} {change['cause']}{because}"
        for language in spoken:
            yield f"    {printable(change['summary'][language])}"
