"""Pure: what somebody had typed when his session ended, carried through the log-in and offered again after it."""

from __future__ import annotations

import re
from collections.abc import Iterable

LARGEST = 32 * 1024
"""Characters in all; more is not carried."""
_PREFIX = "kept."
_SECRET = re.compile(r"password|token|ticket|code|key|second|^old$|^new$|^again$", re.IGNORECASE)

Fields = list[tuple[str, str]]


def of_form(fields: Iterable[tuple[str, str]]) -> Fields:
    """What may be carried of a form that was sent: nothing secret, nothing too large."""
    return _bounded((name, value) for name, value in fields if not _SECRET.search(name))


def of_log_in(fields: Iterable[tuple[str, str]]) -> Fields:
    """What a form of the log-in carries."""
    return _bounded((name[len(_PREFIX) :], value) for name, value in fields if name.startswith(_PREFIX))


def hidden(fields: Fields) -> Fields:
    return [(_PREFIX + name, value) for name, value in fields]


def place(wanted: str) -> str:
    """A page of this router, whatever somebody has put there."""
    sound = re.fullmatch(r"/[A-Za-z0-9._~/-]*", wanted) is not None and not wanted.startswith("//")
    return wanted if sound and not wanted.startswith("/login") else "/"


def _bounded(fields: Iterable[tuple[str, str]]) -> Fields:
    found = list(fields)
    return found if sum(len(name) + len(value) for name, value in found) <= LARGEST else []
