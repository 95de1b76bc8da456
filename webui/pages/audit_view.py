"""Pure: ``audit.list`` and ``audit.verify`` → what the templates print, and the files that are taken away."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from appliance.text import JAPAN, Language, Text
from webui.pages import access_view
from webui.times import moment
from webui.words.access import ROLES
from webui.words.audit import KINDS, OUTCOMES, SUBJECTS, WORDS

COLUMNS = ("number", "time (JST)", "role", "name", "address", "action", "subject", "outcome", "hash")
_ACTIONS: Mapping[str, Text] = {name: text for _, actions in KINDS.values() for name, text in actions.items()}


@dataclass(frozen=True, slots=True)
class Filter:
    """As typed: days of the clinics' calendar, a role, a log-in's name, one of `KINDS`; empty for any."""

    first: str = ""
    last: str = ""
    role: str = ""
    name: str = ""
    kind: str = ""

    def params(self) -> dict[str, Any]:
        """Of ``audit.list``. Raises ValueError for what is no day."""
        wanted: dict[str, Any] = {"role": self.role, "name": self.name}
        if self.first:
            wanted["since"] = _midnight(self.first, 0)
        if self.last:
            wanted["until"] = _midnight(self.last, 1)
        if self.kind:
            # Of a kind that nobody knows there is nothing.
            wanted["actions"] = [*KINDS[self.kind][1]] if self.kind in KINDS else [""]
        return wanted

    def query(self, **more: str) -> str:
        """The same as it stands in an address (RFC 3986)."""
        given = {"from": self.first, "until": self.last, "role": self.role, "name": self.name, "kind": self.kind}
        return urlencode({name: value for name, value in {**given, **more}.items() if value})


@dataclass(frozen=True, slots=True)
class Row:
    number: str
    at: str
    who: str
    address: str
    what: str
    about: str
    state: str
    outcome: str
    code: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """mark: what to note down; empty where there is nothing to."""

    is_whole: bool
    says: str
    faults: tuple[str, ...]
    mark: str


def rows(entries: Iterable[Mapping[str, Any]], language: Language) -> tuple[Row, ...]:
    return tuple(_row(entry, language) for entry in entries)


def verdict(told: Mapping[str, Any], language: Language) -> Verdict:
    if not told["whole"]:
        faults = tuple(fault["text"][language] for fault in told["faults"])
        return Verdict(False, WORDS["broken"].in_language(language), faults, "")
    if not told["entries"]:
        return Verdict(True, WORDS["nothing_yet"].in_language(language), (), "")
    says = WORDS["intact"].in_language(language).format(first=told["first"], last=told["last"])
    return Verdict(True, says, (), f"{told['last']}:{told['hash']}")


def options(language: Language) -> dict[str, list[tuple[str, str]]]:
    """Of the two lists that can be chosen from: value and words."""
    return {
        "roles": [(name, text.in_language(language)) for name, text in ROLES.items()],
        "kinds": [(name, title.in_language(language)) for name, (title, _) in KINDS.items()],
    }


def json_lines(entries: Iterable[Mapping[str, Any]]) -> str:
    """As they stand in the record, byte for byte: whoever has all of them can follow the digests himself."""
    own = ({name: value for name, value in entry.items() if name != "hash"} for entry in entries)
    return "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in own)


def csv_lines(entries: Iterable[Mapping[str, Any]]) -> str:
    """RFC 4180, without a head."""
    written = io.StringIO()
    csv.writer(written).writerows([_harmless(cell) for cell in _cells(entry)] for entry in entries)
    return written.getvalue()


def csv_head() -> str:
    """With the mark by which spreadsheets know UTF-8."""
    return "\ufeff" + ",".join(COLUMNS) + "\r\n"


def _row(entry: Mapping[str, Any], language: Language) -> Row:
    if entry["number"] is None:
        state, text = OUTCOMES["failed"]
        return Row("?", "", "", "", WORDS["no_entry"].in_language(language), "", state, text.in_language(language), "")
    actor = entry["actor"]
    outcome, _, code = entry["outcome"].partition(" ")
    state, text = OUTCOMES.get(outcome, ("unknown", Text(outcome, outcome)))
    action = entry["action"]
    return Row(
        number=str(entry["number"]),
        at=f"{moment(entry['at']):%Y-%m-%d %H:%M:%S}",
        who=access_view.person(actor["role"], actor["name"], language),
        address=actor["address"],
        what=_ACTIONS.get(action, Text(action, action)).in_language(language),
        about=_about(entry["subject"], language),
        state=state,
        outcome=text.in_language(language),
        code=code,
    )


def _about(subject: Mapping[str, Any], language: Language) -> str:
    """What is not said is left out: a version that nobody named, an answer that was not given."""
    between, separator = ("：", "、") if language == "ja" else (": ", ", ")
    return separator.join(
        f"{SUBJECTS.get(name, Text(name, name)).in_language(language)}{between}{_plain(value, language)}"
        for name, value in subject.items()
        if value is not None
    )


def _plain(value: Any, language: Language) -> str:
    return WORDS["yes" if value else "no"].in_language(language) if isinstance(value, bool) else str(value)


def _cells(entry: Mapping[str, Any]) -> list[str]:
    if entry["number"] is None:
        return ["?", *[""] * (len(COLUMNS) - 1)]
    actor, subject = entry["actor"], " ".join(f"{name}={value}" for name, value in entry["subject"].items())
    return [
        str(entry["number"]),
        f"{moment(entry['at']):%Y-%m-%d %H:%M:%S}",
        actor["role"],
        actor["name"],
        actor["address"],
        entry["action"],
        subject,
        entry["outcome"],
        entry["hash"],
    ]


def _harmless(cell: str) -> str:
    """No spreadsheet takes it for a formula, whatever somebody has typed for a name."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _midnight(day: str, later: int) -> str:
    """The beginning of the day that is so many days later. Raises ValueError."""
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=later), time(), JAPAN).isoformat()
    except OverflowError:
        raise ValueError(day) from None
