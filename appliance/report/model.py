"""What stands on the paper, before anything is drawn: in one language, in the order in which it is read."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.text import Language

MARKS = {"ok": "○", "warning": "△", "failed": "×", "unknown": "？"}
"""As Japanese forms mark what passes; told apart without colour."""


@dataclass(frozen=True, slots=True)
class Column:
    """share: of the paper's width, in any unit that its neighbours use."""

    title: str
    share: int


@dataclass(frozen=True, slots=True)
class Table:
    """columns without titles: a table of names and values, without a head."""

    heading: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """number: of this report, a digest of all that it is made of. verdict: one sentence. link: the status page's
    address, to be read by a telephone from the paper. signatures: who signs."""

    language: Language
    title: str
    number: str
    clinic: str
    at: str
    passed: bool
    verdict: str
    tables: tuple[Table, ...]
    link: str
    link_title: str
    signatures: tuple[str, ...]
    signature_words: tuple[str, str]
