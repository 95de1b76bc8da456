"""When a daemon that died is started again: at once the first time, then slower and slower."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST = 60.0
STEADY = 60.0
"""Seconds of life after which a daemon counts as well again."""


@dataclass(slots=True)
class RestartBackoff:
    """All times in seconds of one monotonic clock."""

    failures: int = 0
    started: float | None = None

    def may_start(self, now: float) -> bool:
        if self.started is None:
            return True
        return now >= self.started + self.delay()

    def delay(self) -> float:
        """Between one start and the next."""
        return 0.0 if self.failures == 0 else min(LONGEST, 2.0 ** (self.failures - 1))

    def note_start(self, now: float) -> None:
        if self.started is not None:
            self.failures = min(self.failures + 1, 7)
        self.started = now

    def note_alive(self, now: float) -> None:
        if self.started is None:
            self.started = now
        if now - self.started >= STEADY:
            self.failures = 0
