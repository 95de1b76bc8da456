"""What is written down, as it was seen: moments are seconds of CLOCK_BOOTTIME, which nobody can set.

The wall clock is attached once for each run and not for each change: a router that learns the time from a server
minutes after its boot dates those minutes rightly afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass

from appliance.text import Text

GONE = "gone"
"""State of a light that is no longer shown."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One moment on both clocks: seconds of CLOCK_BOOTTIME, and seconds since 1970 (UTC) as people say it."""

    boot: float
    wall: float

    @property
    def offset(self) -> float:
        return self.wall - self.boot


@dataclass(frozen=True, slots=True)
class Run:
    """One life of the daemon. boot: names the time for which CLOCK_BOOTTIME counts on. anchor: the newest known.

    ended: None while it lives. closed: it ended because it was told to.
    """

    number: int
    boot: str
    began: float
    anchor: Anchor
    ended: float | None = None
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Shown:
    """What one light showed. root: the light that explains it. summary: in words, as they were filled in."""

    light: str
    state: str
    cause: str
    root: str | None
    summary: Text


@dataclass(frozen=True, slots=True)
class Change:
    """From `at` on. run: the number of a `Run`."""

    run: int
    at: float
    shown: Shown
