"""The two clocks: one that never jumps for thinking, one that people read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime


def boottime() -> float:
    """Seconds of CLOCK_BOOTTIME: counts through suspend, never set by anybody (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


@dataclass(frozen=True, slots=True)
class Instant:
    """The same moment on both clocks; taken when something is shown to people."""

    boot: float
    wall: datetime

    @classmethod
    def now(cls) -> Instant:
        return cls(boottime(), datetime.now(UTC))
