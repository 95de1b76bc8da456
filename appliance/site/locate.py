"""On which line of a TOML document is a setting written?

The standard parser keeps no positions. This walk over the same grammar (https://toml.io/en/v1.0.0)
keeps only positions and no values; it expects a document that the parser has accepted.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Mapping

from appliance.site.checks import Key

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_PLAIN_VALUE = re.compile(r"[^,\]}#\n]+")
_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRINGS = (
    # Up to two quotes may stand directly before the closing three.
    re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    re.compile(r'"(?:[^"\\]|\\.)*"'),
    re.compile(r"'[^']*'"),
)


def lines_of(document: str) -> Mapping[Key, int]:
    """Line (from 1) of each table, key and list element of a valid TOML document.

    ValueError for a document that the parser would not have accepted.
    """
    walk = _Walk(document.replace("\r\n", "\n"))
    walk.document()
    return walk.lines


class _Walk:
    def __init__(self, text: str) -> None:
        self.lines: dict[Key, int] = {}
        self._text = text
        self._at = 0
        self._newlines = [position for position, character in enumerate(text) if character == "\n"]
        self._last_of: dict[Key, int] = {}
        """Of each array of tables: position of the element that headers now refer to."""

    def document(self) -> None:
        table: Key = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._next("[["):
                table = self._table(array=True)
            elif self._next("["):
                table = self._table(array=False)
            else:
                self._pair(table)
            self._skip(_BLANK)

    def _table(self, array: bool) -> Key:
        start = self._at
        self._expect("[[" if array else "[")
        names = self._dotted_key()
        self._expect("]]" if array else "]")
        table: Key = ()
        for depth, name in enumerate(names, 1):
            table = (*table, name)
            self._found(table, start)
            if array and depth == len(names):
                self._last_of[table] = self._last_of.get(table, -1) + 1
            if table in self._last_of:
                table = (*table, self._last_of[table])
                self._found(table, start)
        return table

    def _pair(self, table: Key) -> None:
        start = self._at
        key = table
        for name in self._dotted_key():
            key = (*key, name)
            self._found(key, start)
        self._expect("=")
        self._skip(_SPACE)
        self._value(key)

    def _value(self, key: Key) -> None:
        if self._next("["):
            self._expect("[")
            self._skip(_BLANK)
            position = 0
            while not self._next("]"):
                self._found((*key, position), self._at)
                self._value((*key, position))
                position += 1
                self._separator("]")
            self._expect("]")
        elif self._next("{"):
            self._expect("{")
            self._skip(_BLANK)
            while not self._next("}"):
                self._pair(key)
                self._separator("}")
            self._expect("}")
        elif self._string() is None:
            self._skip(_PLAIN_VALUE)

    def _separator(self, closing: str) -> None:
        self._skip(_BLANK)
        if not self._next(closing):
            self._expect(",")
            self._skip(_BLANK)

    def _dotted_key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            quoted = self._string()
            if quoted is None:
                names.append(self._skip(_BARE_KEY))
            else:
                names.append(_name(quoted))
            self._skip(_SPACE)
            if not self._next("."):
                return names
            self._expect(".")

    def _string(self) -> str | None:
        for pattern in _STRINGS:
            if found := pattern.match(self._text, self._at):
                self._at = found.end()
                return found.group()
        return None

    def _skip(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found.group()

    def _next(self, token: str) -> bool:
        return self._text.startswith(token, self._at)

    def _expect(self, token: str) -> None:
        if not self._next(token):
            raise ValueError(f"{token!r} expected at {self._at}")
        self._at += len(token)

    def _found(self, key: Key, at: int) -> None:
        self.lines.setdefault(key, bisect_right(self._newlines, at) + 1)


def _name(quoted: str) -> str:
    if quoted[0] == "'":
        return quoted[1:-1]
    try:
        return str(json.loads(quoted, strict=False))
    except ValueError:
        # \U0001F600 and its kind are TOML's own; such a key is unknown to us anyway.
        return quoted[1:-1]
