"""Pure: one entry of the record, and its line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

BEGINNING = "0" * 64
"""What stands for the line before the very first."""
LONGEST_VALUE = 200
"""Characters of a text in a subject; what is longer ends with an ellipsis."""


@dataclass(frozen=True, slots=True)
class Actor:
    """role: as the local API knows it, ``system`` for the router itself. name: of the log-in, empty where nobody
    logged in. address: of the browser, empty on the router's own console."""

    role: str
    name: str = ""
    address: str = ""


SYSTEM = Actor("system")


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be recorded. outcome: ``done``, ``refused CODE``, ``failed`` or ``interrupted``.

    subject: what it was done to, plain values without secrets.
    """

    actor: Actor
    action: str
    subject: Mapping[str, Any]
    outcome: str


@dataclass(frozen=True, slots=True)
class Entry:
    """at: ISO 8601, UTC, milliseconds. before: the digest of the line before."""

    number: int
    at: str
    deed: Deed
    before: str

    def as_json(self) -> dict[str, Any]:
        actor = self.deed.actor
        return {
            "number": self.number,
            "at": self.at,
            "actor": {"role": actor.role, "name": actor.name, "address": actor.address},
            "action": self.deed.action,
            "subject": dict(self.deed.subject),
            "outcome": self.deed.outcome,
            "before": self.before,
        }


def encode(entry: Entry) -> bytes:
    """The entry's line, without its end: ASCII, so that no tool that shows it can be steered by what is in it."""
    document = entry.as_json() | {"subject": {name: _short(value) for name, value in entry.deed.subject.items()}}
    return json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")


def decode(line: bytes) -> Entry:
    """Raises ValueError for whatever `encode` has not made."""
    try:
        document = json.loads(line)
        actor = Actor(**{name: str(value) for name, value in document["actor"].items()})
        deed = Deed(actor, str(document["action"]), dict(document["subject"]), str(document["outcome"]))
        entry = Entry(int(document["number"]), str(document["at"]), deed, str(document["before"]))
        same = encode(entry) == line
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError):
        raise ValueError("no entry") from None
    if not same:
        raise ValueError("no entry as it is written")
    return entry


def digest(line: bytes) -> str:
    """SHA-256 (FIPS 180-4), hexadecimal, of a line without its end."""
    return hashlib.sha256(line).hexdigest()


def _short(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return value[: LONGEST_VALUE - 1] + "…"
    return value
