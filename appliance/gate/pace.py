"""How fast something may happen: a bucket of tokens (RFC 2697 has the idea). Pure."""

from __future__ import annotations


class Pace:
    """rate: a second, in the long run. burst: at once, after a rest."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate, self._burst = rate, burst
        self._left, self._at = float(burst), 0.0

    def take(self, now: float) -> bool:
        """Whether it may happen now, and then it does. now: seconds of a clock that never goes back."""
        self._left = min(float(self._burst), self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
