"""What is kept of the account that was imported last: one text, readable without opening it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import SekishoError

FILE = "account.json"


@dataclass(frozen=True, slots=True)
class Mark:
    """What this router remembers of the account in force. digest: SHA-256 of its JSON, hex."""

    clinic: str
    serial: int
    digest: str


@dataclass(frozen=True, slots=True)
class Record:
    """sealed: the account's content, which only this router can open."""

    mark: Mark
    sealed: str

    def as_text(self) -> str:
        document = {
            "clinic": self.mark.clinic,
            "serial": self.mark.serial,
            "sha256": self.mark.digest,
            "sealed": self.sealed,
        }
        return json.dumps(document, indent=2) + "\n"


def read(directory: Path) -> str | None:
    """The text in `directory` (paths.ACCOUNT), None before the first import. Raises OSError."""
    try:
        # What is not text is not ours: `decode` will say so.
        return (directory / FILE).read_text(errors="replace")
    except FileNotFoundError:
        return None


def decode(text: str) -> Record:
    """The inverse of `Record.as_text`. Raises `account.store-damaged`."""
    try:
        document = json.loads(text)
        mark = Mark(str(document["clinic"]), int(document["serial"]), str(document["sha256"]))
        return Record(mark, str(document["sealed"]))
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        raise damaged() from None


def damaged() -> SekishoError:
    return SekishoError(
        "account.store-damaged",
        "保存してある接続アカウントが壊れています。接続アカウントをもう一度取り込んでください。",
        "The stored account is damaged: import the account again.",
    )
