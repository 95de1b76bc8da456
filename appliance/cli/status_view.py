"""The status document of the local API as a table for a terminal: pure, text in and text out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from appliance.cli.columns import pad, printable, table, width
from appliance.cli.moments import second
from appliance.cli.page import in_pairs
from appliance.text import JAPAN, Language, Text

SYMBOLS: Mapping[str, str] = {"ok": "●", "warning": "▲", "failed": "✖", "unknown": "?"}
WORDS: Mapping[str, Text] = {
    "ok": Text("正常", "Working"),
    "warning": Text("注意", "Attention"),
    "failed": Text("異常", "Failed"),
    "unknown": Text("未確認", "Not known"),
}
"""The page's words: who reads one and hears of the other on the telephone must not have to translate."""
_COLOURS: Mapping[str, str] = {"ok": "32", "warning": "33", "failed": "31", "unknown": "36"}
_HEAD = (
    Text("表示", "Light"),
    Text("状態", "State"),
    Text("いつから", "Since"),
    Text("最後の確認", "Last checked"),
    Text("理由", "Cause"),
)
_TO_DO = Text("対処", "To do")
_CLINIC = Text("医院", "Clinic")
_CARRYING = Text("使用中の経路", "Carried by")
_ON_INTERNET = Text("インターネット中", "On the internet")
_TRIAL = Text("試している変更", "On trial")
_PAGE = Text("ページ", "Page")
_FINGERPRINT = Text("証明書の SHA-256", "Certificate SHA-256")
_FIRMWARE = Text("更新", "Update")
_AT = Text("時刻", "Time")
_CALL = Text("連絡先", "Call")
_NOBODY = Text("–", "–")
_STEP = "  "
_MARGIN = "   "
"""The symbol and the gap after it."""

Document = Mapping[str, Any]


def render(status: Document, languages: Sequence[Language], colour: bool, page: Document | None = None) -> str:
    """Headline, facts, then the lights: each root cause, its consequences indented below it.

    Times are Japan's. colour: ANSI sequences around symbols and state words. page: ``page.show``, None where it is
    not known.
    """
    said: set[str] = set()
    lines = [*_headline(status["headline"], languages, colour, said), ""]
    lines += _facts(status, languages, page)
    lines += ["", *_lights(status["lights"], languages, colour, said)]
    if status["vendor"] and status["headline"]["state"] != "ok":
        call = " / ".join(_CALL.in_language(language) for language in languages)
        lines += ["", f"{call}: {printable(status['vendor']['name'])}  {printable(status['vendor']['phone'])}"]
    return "\n".join(lines) + "\n"


def _headline(headline: Document, languages: Sequence[Language], colour: bool, said: set[str]) -> Iterator[str]:
    state = headline["state"]
    words = " / ".join(WORDS[state].in_language(language) for language in languages)
    yield _painted(f"{SYMBOLS[state]} {words}", state, colour)
    for language in languages:
        yield _STEP + printable(headline["text"][language])
    yield from _advice(headline["advice"], languages, _STEP, said)


def _facts(status: Document, languages: Sequence[Language], page: Document | None) -> list[str]:
    facts = []
    if clinic := status["clinic"]:
        facts.append((_CLINIC, f"{_joined(clinic['name'], languages)} ({clinic['id']})"))
    if status["carrying"]:
        facts.append((_CARRYING, status["carrying"]))
    for terminal in status["terminals"]:
        if terminal["state"] == "internet":
            facts.append((_ON_INTERNET, f"{terminal['label']} (→ {second(terminal['until'])})"))
    if trial := status["trial"]:
        facts.append((_TRIAL, f"{trial['version']} (→ {second(trial['until'])})"))
    if page:
        facts.append((_PAGE, page["urls"][0]))
        if not page["is_vouched"]:
            # The browser of whoever comes first asks him, and this is what he compares.
            facts.append((_FINGERPRINT, in_pairs(page["certificate_sha256"])))
    if (firmware := status["firmware"]) and firmware["text"]:
        facts += [(_FIRMWARE, firmware["text"][language]) for language in languages]
    facts.append((_AT, f"{second(status['at'])} {JAPAN}"))
    titles = [" / ".join(title.in_language(language) for language in languages) for title, _ in facts]
    cells = max(map(width, titles))
    return [f"{pad(title, cells)}  {printable(value)}" for title, (_, value) in zip(titles, facts, strict=True)]


def _lights(lights: Sequence[Document], languages: Sequence[Language], colour: bool, said: set[str]) -> Iterator[str]:
    """The table's lines, with the sentences about a light between them."""
    rows: list[list[str]] = [["", *(title.in_language(language) for title in _HEAD)] for language in languages]
    notes: dict[int, list[str]] = {}
    states: dict[int, str] = {}
    for light, depth, explained in _in_order(lights):
        states[len(rows)] = light["state"]
        rows += _row(light, depth, languages)
        if light["state"] != "ok" and not explained:
            notes[len(rows) - 1] = list(_sentences(light, languages, _MARGIN + _STEP * (depth + 1), said))
    for number, line in enumerate(table(rows)):
        state = states.get(number)
        # The symbol is the first cell of its row and nowhere wider than one.
        yield _painted(line[0], state, colour) + line[1:] if state else line
        yield from notes.get(number, ())


def _in_order(lights: Sequence[Document]) -> Iterator[tuple[Document, int, bool]]:
    """Light, depth, and whether another light explains it: roots first, each with its parts and consequences."""
    names = {light["name"] for light in lights}
    for light in lights:
        if light["root"] in names:
            continue
        yield light, 0, False
        for part in light["parts"]:
            yield part, 1, False
        for consequence in lights:
            if consequence["root"] == light["name"]:
                yield consequence, 1, True


def _row(light: Document, depth: int, languages: Sequence[Language]) -> Iterator[list[str]]:
    """A line for each language; what is the same in both stands in the first only."""
    for number, language in enumerate(languages):
        first = number == 0
        yield [
            SYMBOLS[light["state"]] if first else " ",
            _STEP * depth + printable(light["title"][language]),
            WORDS[light["state"]].in_language(language),
            second(light["since"]) if first else "",
            _age(light["evidence_age"]).in_language(language),
            printable(light["cause"]) if first else "",
        ]


def _sentences(light: Document, languages: Sequence[Language], indent: str, said: set[str]) -> Iterator[str]:
    for language in languages:
        if light["summary"][language] not in said:
            yield indent + printable(light["summary"][language])
    said.update(light["summary"].values())
    yield from _advice(light["advice"], languages, indent, said)


def _advice(advice: Document, languages: Sequence[Language], indent: str, said: set[str]) -> Iterator[str]:
    for language in languages:
        if advice[language] and advice[language] not in said:
            yield f"{indent}{_TO_DO.in_language(language)}: {printable(advice[language])}"
    said.update(advice.values())


def _joined(text: Document, languages: Sequence[Language]) -> str:
    return " / ".join(dict.fromkeys(text[language] for language in languages))


def _age(seconds: float | None) -> Text:
    if seconds is None:
        return _NOBODY
    whole = int(seconds)
    if whole < 120:
        return Text(f"{whole} 秒前", f"{whole} s ago")
    if whole < 7200:
        return Text(f"{whole // 60} 分前", f"{whole // 60} min ago")
    return Text(f"{whole // 3600} 時間前", f"{whole // 3600} h ago")


def _painted(text: str, state: str, colour: bool) -> str:
    return f"\x1b[1;{_COLOURS[state]}m{text}\x1b[0m" if colour else text
