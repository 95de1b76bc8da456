"""What each LED does, from what the page shows: pure.

Shape before colour: each state has a rhythm of its own, so a lamp that is only green, or an eye that tells no colours,
loses nothing. A rhythm is played by the kernel (ledtrig-pattern) a counted number of times and ends dark: whoever
keeps it going has to live. So a lamp never claims what nobody has seen for `LIFE`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from appliance.hardware.model import Lamp
from appliance.hardware.profile import EVERYTHING
from appliance.panel.button import Stage

LIFE = 15_000
"""Milliseconds that a lamp goes on without us."""
AGAIN_EVERY = 5.0
"""Seconds between two refreshments: a multiple of each rhythm's length, so that none of them stumbles."""


class State(StrEnum):
    """Of one of the page's lights. SILENT is ours: the router's program does not answer."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "unknown"
    FAILED = "failed"
    SILENT = "silent"


_SEVERITY = (State.SILENT, State.FAILED, State.UNKNOWN, State.WARNING, State.OK)


@dataclass(frozen=True, slots=True)
class Rhythm:
    """steps: milliseconds lit and dark in turn, beginning with lit."""

    steps: tuple[int, ...]

    @property
    def repeat(self) -> int:
        """How often it is played within `LIFE`."""
        return max(1, -(-LIFE // sum(self.steps)))

    def text(self, brightness: int) -> str:
        """As ledtrig-pattern reads it: each level twice, the second for no time, so that it changes at once
        (Documentation/ABI/testing/sysfs-class-led-trigger-pattern)."""
        levels = (brightness if number % 2 == 0 else 0 for number in range(len(self.steps)))
        return " ".join(f"{level} {length} {level} 0" for level, length in zip(levels, self.steps, strict=True))


DARK = None
"""An LED that has nothing to say."""
RHYTHMS: Mapping[State, Rhythm] = {
    State.OK: Rhythm((LIFE, 10)),
    State.WARNING: Rhythm((2000, 500)),
    State.UNKNOWN: Rhythm((100, 2400)),
    State.FAILED: Rhythm((250, 250)),
    State.SILENT: Rhythm((100, 150, 100, 2150)),
}
"""Steady; lit with gaps; short flashes; even blinking; double flashes."""
STAGES: Mapping[Stage, Rhythm | None] = {
    Stage.HELD: DARK,
    Stage.LOG_IN: Rhythm((500, 500)),
    Stage.EVERYTHING: Rhythm((100, 100)),
    Stage.TOO_LONG: DARK,
    Stage.ARMED: Rhythm((LIFE, 10)),
}
"""While somebody is at the button, all LEDs say together where he is."""


def leds(lamps: Iterable[Lamp], lights: Mapping[str, State], stage: Stage | None) -> dict[str, Rhythm | None]:
    """What each LED does, by its name. lights: as the page shows them. stage: of the button, None while nobody is at
    it."""
    if stage is not None:
        return {name: STAGES[stage] for lamp in lamps for name in _names(lamp)}
    return {name: rhythm for lamp in lamps for name, rhythm in _shown(lamp, _worst(lamp, lights)).items()}


def silent() -> dict[str, State]:
    """What is shown while the router's program says nothing: not what it said last."""
    return {EVERYTHING: State.SILENT}


def lights_of(status: Mapping[str, object]) -> dict[str, State]:
    """From the ``status`` of the local API. Raises ValueError, KeyError or TypeError: it is none."""
    lights = status["lights"]
    if not isinstance(lights, list) or not lights:
        raise ValueError("no lights")
    return {str(light["name"]): State(light["state"]) for light in lights}


def _worst(lamp: Lamp, lights: Mapping[str, State]) -> State:
    if EVERYTHING in lights:
        return lights[EVERYTHING]
    names = lights if lamp.shows == (EVERYTHING,) else lamp.shows
    # A light that the page does not show (nobody has a push channel) says nothing; a lamp without any is not green.
    states = [lights[name] for name in names if name in lights]
    return min(states, key=_SEVERITY.index, default=State.UNKNOWN)


def _shown(lamp: Lamp, state: State) -> dict[str, Rhythm | None]:
    lit = _lit(lamp, state)
    return {name: RHYTHMS[state] if name in lit else DARK for name in _names(lamp)}


def _lit(lamp: Lamp, state: State) -> tuple[str, ...]:
    """The LEDs of the colour that fits best among those that there are."""
    # Red and green together are amber to the eye.
    amber = (lamp.amber,) if lamp.amber else tuple(name for name in (lamp.red, lamp.green) if name)
    green = (lamp.green,) if lamp.green else amber
    red = (lamp.red,) if lamp.red else amber
    return {State.OK: green, State.FAILED: red, State.SILENT: red}.get(state, amber)


def _names(lamp: Lamp) -> tuple[str, ...]:
    return tuple(name for name in (lamp.green, lamp.amber, lamp.red) if name)
