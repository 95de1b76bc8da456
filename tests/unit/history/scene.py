"""A router's life as a test tells it: runs and changes, with clocks that are right, wrong, or set in between."""

from __future__ import annotations

from appliance.history.model import Anchor, Change, Run, Shown
from appliance.text import Text

HOUR = 3600.0


def shown(light: str, state: str, cause: str = "", root: str | None = None) -> Shown:
    return Shown(light, state, cause or f"{light}.{state}", root, Text(f"{light}は{state}", f"{light} is {state}"))


Moment = tuple[float, tuple[Shown, ...]]
"""When (CLOCK_BOOTTIME, seconds), and what the lights show from then on."""

WELL = (shown("engine", "ok"), shown("tunnel", "ok"), shown("line", "ok"))
_BEHIND_THE_LINE = (
    shown("engine", "failed", "engine.timeout", "line"),
    shown("tunnel", "failed", "tunnel.down", "line"),
)
NO_CABLE = (*_BEHIND_THE_LINE, shown("line", "failed", "line.no-cable"))
NO_ADDRESS = (*_BEHIND_THE_LINE, shown("line", "failed", "line.no-address"))
NO_TUNNEL = (
    shown("engine", "failed", "engine.timeout", "tunnel"),
    shown("tunnel", "failed", "tunnel.down"),
    shown("line", "ok"),
)


def run(number: int, boot: str, began: float, offset: float, ended: float | None = None, closed: bool = False) -> Run:
    """offset: of the wall clock when it was written down last."""
    return Run(number, boot, began, Anchor(began, began + offset), ended, closed)


def changes(number: int, *told: Moment) -> list[Change]:
    return [Change(number, at, one) for at, together in told for one in together]
