"""The thin shell around a `ration`: its timer, and what is done with the words."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from appliance.gate.loop import Loop
from appliance.gate.ration import Ration

PERIOD_SECONDS = 60.0

Kind = TypeVar("Kind", bound=Hashable)
Word = TypeVar("Word")


class Sparing(Generic[Kind, Word]):
    """say: a word, and how often what it says has happened since the last time; None: things of all other kinds.

    seconds: a period, which begins with the first word after a settled one.
    """

    def __init__(self, loop: Loop, say: Callable[[Word | None, int], None], seconds: float = PERIOD_SECONDS) -> None:
        self._loop, self._say, self._seconds = loop, say, seconds
        self._ration = Ration[Kind, Word]()
        self._is_under_way = False

    def note(self, kind: Kind, word: Word) -> None:
        if not self._is_under_way:
            self._is_under_way = True
            self._loop.after(self._seconds, self._settle)
        if self._ration.note(kind, word):
            self._say(word, 1)

    def _settle(self) -> None:
        self._is_under_way = False
        settled = self._ration.settle()
        for word, times in settled.again:
            self._say(word, times)
        if settled.others:
            self._say(None, settled.others)
