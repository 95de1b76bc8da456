"""The two clocks: one that never jumps for thinking, one that people read."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from appliance import paths
from appliance.files import write_atomically


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


def this_boot(mark: Path = paths.RUN / "boot-id") -> str:
    """Names the time since the kernel lost all that we told it; another name after a power cut.

    Not the kernel's own boot_id: what counts is /run, where we remember what the kernel holds.
    """
    try:
        return mark.read_text()
    except FileNotFoundError:
        write_atomically(mark, uuid4().hex)
        return mark.read_text()
