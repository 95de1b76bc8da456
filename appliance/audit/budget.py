"""Pure: how many refusals are written down, so that no stranger can fill the disk with his attempts."""

from __future__ import annotations

MOST_AT_ONCE = 100
ONE_MORE_EVERY = 60.0
"""Seconds. A year of attack is some 525,000 entries, about 150 MB."""


class Budget:
    def __init__(self) -> None:
        self._left = float(MOST_AT_ONCE)
        self._at: float | None = None
        self._left_out = 0

    def take(self, now: float) -> int | None:
        """How many were left out before this one; None: this one is left out too. now: seconds, never back."""
        if self._at is not None:
            self._left = min(MOST_AT_ONCE, self._left + (now - self._at) / ONE_MORE_EVERY)
        self._at = now
        if self._left < 1:
            self._left_out += 1
            return None
        self._left -= 1
        before, self._left_out = self._left_out, 0
        return before
