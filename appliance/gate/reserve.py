"""How many connections to one engine wait, proven and unused, for terminals: events in, commands out, no clock.

A terminal's connection then costs one round trip to the data center instead of four. Each waiting connection is
handed out once, and never comes back: what two terminals say never meets on one.

The number follows demand: the most connections that were asked for within `BURST_SECONDS`, of late. Where nobody
has asked for `MEMORY_SECONDS` nothing waits, and the engines of a whole country are left alone at night.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

MOST = 8
"""Waiting and on their way, for each service and engine."""
BURST_SECONDS = 1.0
MEMORY_SECONDS = 120.0
OLDEST_SECONDS = 20.0
"""Servers close connections on which nothing is asked: after 20 s and more as they are delivered (httpd's
RequestReadTimeout)."""
YOUNGEST_SECONDS = 1.0
_MARGIN = 0.5
"""Of the age at which the engine has closed one: a request may already be on its way when it does."""
_GROWTH = 1.25
"""Of the age limit, each time that one has reached it unclosed."""
_FIRST_BACK_OFF, _LONGEST_BACK_OFF = 1.0, 60.0
"""Seconds after a connection that could not be made; doubled each time."""


# ---- events. now: seconds of a clock that never goes back ----------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A terminal's connection needs one. Answered by `Hand`, or by nothing: then there is none."""

    now: float


@dataclass(frozen=True, slots=True)
class Opened:
    """The connection `number` is there and proven."""

    now: float
    number: int


@dataclass(frozen=True, slots=True)
class Failed:
    now: float
    number: int


@dataclass(frozen=True, slots=True)
class Lost:
    """The engine has ended a waiting connection."""

    now: float
    number: int


@dataclass(frozen=True, slots=True)
class Distrusted:
    """What was proven until now counts no more, or the engine has fallen silent."""

    now: float


@dataclass(frozen=True, slots=True)
class Tick:
    """About once a second, as long as `Reserve.is_active`."""

    now: float


Event = Asked | Opened | Failed | Lost | Distrusted | Tick

# ---- commands -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Open:
    """Make a connection and prove the engine; say `Opened` or `Failed`."""

    number: int


@dataclass(frozen=True, slots=True)
class Hand:
    """Give this one to the terminal's connection; the reserve forgets it."""

    number: int


@dataclass(frozen=True, slots=True)
class Drop:
    """Close it, waiting or on its way; the reserve has forgotten it."""

    number: int


Command = Open | Hand | Drop


class Reserve:
    def __init__(self) -> None:
        self._number = 0
        self._waiting: dict[int, float] = {}
        """number → since when. Oldest first, and handed out in this order."""
        self._opening: set[int] = set()
        self._asked: deque[float] = deque()
        """Moments within the last `BURST_SECONDS`."""
        self._bursts: deque[tuple[float, int]] = deque()
        """When so many had been asked for at once; ever smaller numbers, the first is the largest."""
        self._oldest = OLDEST_SECONDS
        self._back_off = _FIRST_BACK_OFF
        self._not_before = 0.0

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def is_active(self) -> bool:
        """Whether `Tick` is waited for."""
        return bool(self._waiting or self._opening or self._bursts)

    def handle(self, event: Event) -> list[Command]:
        """What to do about `event`. Numbers that are no longer known (late events) are ignored."""
        commands: list[Command] = []
        match event:
            case Asked(now):
                self._note_demand(now)
                commands = self._retire(now, is_natural=True)
                commands += self._hand()
            case Opened(now, number) if number in self._opening:
                self._opening.discard(number)
                self._waiting[number] = now
                self._back_off = _FIRST_BACK_OFF
            case Failed(now, number) if number in self._opening:
                self._opening.discard(number)
                self._not_before = now + self._back_off
                self._back_off = min(2 * self._back_off, _LONGEST_BACK_OFF)
            case Lost(now, number) if number in self._waiting:
                age = now - self._waiting.pop(number)
                self._oldest = max(YOUNGEST_SECONDS, _MARGIN * age)
                if age < YOUNGEST_SECONDS:
                    # Such an engine wants none that waits: do not knock at its door all the time.
                    self._not_before = now + self._back_off
                commands = self._retire(now, is_natural=False)
            case Distrusted():
                commands = [Drop(number) for number in (*self._waiting, *sorted(self._opening))]
                self._waiting.clear()
                self._opening.clear()
                self._back_off, self._not_before = _FIRST_BACK_OFF, 0.0
            case Tick(now):
                commands = self._retire(now, is_natural=True)
        return commands + self._refill(event.now)

    def _note_demand(self, now: float) -> None:
        self._asked.append(now)
        self._forget(now)
        size = min(len(self._asked), MOST)
        while self._bursts and self._bursts[-1][1] <= size:
            self._bursts.pop()
        self._bursts.append((now, size))

    def _forget(self, now: float) -> None:
        while self._asked and self._asked[0] <= now - BURST_SECONDS:
            self._asked.popleft()
        while self._bursts and self._bursts[0][0] <= now - MEMORY_SECONDS:
            self._bursts.popleft()

    def _hand(self) -> list[Command]:
        if not self._waiting:
            return []
        number = next(iter(self._waiting))
        del self._waiting[number]
        return [Hand(number)]

    def _retire(self, now: float, *, is_natural: bool) -> list[Command]:
        """is_natural: nothing but age speaks against them, so the engine bears this age, and perhaps a higher one."""
        old = [number for number, since in self._waiting.items() if now - since >= self._oldest]
        for number in old:
            del self._waiting[number]
        if old and is_natural:
            self._oldest = min(_GROWTH * self._oldest, OLDEST_SECONDS)
        return [Drop(number) for number in old]

    def _refill(self, now: float) -> list[Command]:
        self._forget(now)
        wanted = self._bursts[0][1] if self._bursts else 0
        if now < self._not_before:
            return []
        commands: list[Command] = []
        while len(self._waiting) + len(self._opening) < wanted:
            self._number += 1
            self._opening.add(self._number)
            commands.append(Open(self._number))
            if self._back_off > _FIRST_BACK_OFF:
                break  # one at a time until one has come through
        return commands
