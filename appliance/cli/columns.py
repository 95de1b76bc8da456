"""Text in columns on a terminal, where a Japanese character takes two cells (Unicode Standard Annex #11)."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def width(text: str) -> int:
    """Cells that `text` takes. Ambiguous characters count as one, as today's terminals draw them."""
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def pad(text: str, cells: int) -> str:
    return text + " " * (cells - width(text))


def table(rows: Sequence[Sequence[str]], gap: str = "  ") -> list[str]:
    """Rows of equal length as aligned lines without trailing blanks."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [gap.join(pad(cell, cells) for cell, cells in zip(row, widths, strict=True)).rstrip() for row in rows]


def printable(text: str) -> str:
    """`text` without what would move the cursor or change colours: names come from files."""
    return "".join("\ufffd" if unicodedata.category(character)[0] == "C" else character for character in text)
