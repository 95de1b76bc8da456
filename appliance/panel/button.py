"""What somebody at the reset button wants: pure.

A press counts when it ends, and by its length. What would take the clinic's settings away asks once more: after the
long press a short one, within a few seconds. A button that something leans on, or that was pressed already when we
began to look, does nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

LOG_IN_AFTER = 5.0
EVERYTHING_AFTER = 15.0
TOO_LONG_AFTER = 30.0
CONFIRM_WITHIN = 10.0
"""Seconds, all four."""


class Stage(StrEnum):
    """What the lamps show of it. ARMED: the button is to be pressed once more."""

    HELD = "held"
    LOG_IN = "log-in"
    EVERYTHING = "everything"
    TOO_LONG = "too-long"
    ARMED = "armed"


class Wish(StrEnum):
    """LOG_IN: the password on the label counts again, and nothing else changes. EVERYTHING: as from the factory."""

    LOG_IN = "log-in"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Down:
    """at: CLOCK_MONOTONIC, seconds, by the kernel's own note of the event."""

    at: float


@dataclass(frozen=True, slots=True)
class Up:
    """at: as of `Down`."""

    at: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The kernel has dropped events: what happened is not known."""


Event = Down | Up | Lost


class ResetButton:
    def __init__(self) -> None:
        self._down: float | None = None
        self._armed_until: float | None = None
        """While somebody is asked to confirm, or presses to do so."""

    def handle(self, event: Event) -> Wish | None:
        match event:
            case Lost():
                self._down = self._armed_until = None
            case Down(at):
                if self._armed_until is not None and at > self._armed_until:
                    self._armed_until = None
                self._down = at
            case Up(at) if self._down is not None:
                length, self._down = at - self._down, None
                return self._pressed(length, at)
        return None

    def stage(self, now: float) -> Stage | None:
        """None while nobody is at the button. now: CLOCK_MONOTONIC, seconds."""
        if self._down is not None:
            return Stage.ARMED if self._armed_until is not None else _stage_of(now - self._down)
        if self._armed_until is not None and now <= self._armed_until:
            return Stage.ARMED
        return None

    def _pressed(self, length: float, at: float) -> Wish | None:
        if self._armed_until is not None:
            # Whatever it was, it was the answer.
            self._armed_until = None
            return Wish.EVERYTHING if _stage_of(length) is Stage.HELD else None
        match _stage_of(length):
            case Stage.LOG_IN:
                return Wish.LOG_IN
            case Stage.EVERYTHING:
                self._armed_until = at + CONFIRM_WITHIN
        return None


def _stage_of(length: float) -> Stage:
    if length < LOG_IN_AFTER:
        return Stage.HELD
    if length < EVERYTHING_AFTER:
        return Stage.LOG_IN
    return Stage.EVERYTHING if length < TOO_LONG_AFTER else Stage.TOO_LONG
