"""What is said of things that anybody can make happen again and again: the first of each kind at once, then numbers.

Whoever reaches the gate can be refused thousands of times a second, and neither the log nor the daemon's time may be
his for that. Pure: whoever uses it says when a period is over.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

MOST = 20
"""Kinds of which something is said in one period."""

Kind = TypeVar("Kind", bound=Hashable)
Word = TypeVar("Word")


@dataclass(frozen=True, slots=True)
class Settled(Generic[Word]):
    """What a period leaves to say. again: the last word of each kind that happened more than once, and how often after
    the first time. others: how often something happened of which nothing is said."""

    again: tuple[tuple[Word, int], ...]
    others: int


class Ration(Generic[Kind, Word]):
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._said: dict[Kind, tuple[Word, int]] = {}
        self._others = 0

    def note(self, kind: Kind, word: Word) -> bool:
        """Whether `word` is to be said now; if not, it counts."""
        if kind in self._said:
            self._said[kind] = word, self._said[kind][1] + 1
        elif len(self._said) < self._most:
            self._said[kind] = word, 0
            return True
        else:
            self._others += 1
        return False

    def settle(self) -> Settled[Word]:
        """The period is over, and a new one begins."""
        settled = Settled(tuple(kept for kept in self._said.values() if kept[1]), self._others)
        self._said, self._others = {}, 0
        return settled
