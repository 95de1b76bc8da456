"""Who has been let in to which terminal, and what came of it: events in, commands out, no clock and no socket.

The rules:

- The kernel's set is the truth. What is open there and nobody could have opened any more (the settings have changed)
  is closed at once.
- Every connection is on record before the kernel forgets that it began, and so is its end.
- When consent ends, by whomever or by the kernel's clock, what it began is cut.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from appliance.maintenance.messages import Close, Command, Connection, Cut, Forget, Key, Open, Record, Seen, Way

TREMBLING = 3.0
"""Seconds."""
SETTLING = 30.0
"""Seconds that a connection has to stand once it began: a terminal that is off does not answer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Of one maintainer and one terminal. until: when the kernel closes the way (CLOCK_BOOTTIME, seconds).
    connections: how many stand."""

    maintainer: str
    terminal: str
    until: float
    connections: int


@dataclass(slots=True)
class _Known:
    began: float
    stood: bool


class Room:
    """ways: everything that could be opened, as the account and the settings say."""

    def __init__(self, ways: Iterable[Way]) -> None:
        self._ways = {way.key: way for way in ways}
        self._until: dict[Key, float] = {}
        self._connections: dict[Connection, _Known] = {}

    def allow(self, maintainer: str, terminal: str, seconds: int) -> list[Command]:
        """Nothing to open gives nothing to do."""
        keys = self._keys(terminal, maintainer)
        return [Open(keys, seconds)] if keys else []

    def withdraw(self, terminal: str | None = None) -> list[Command]:
        """Of one terminal, or of all."""
        keys = self._keys(terminal)
        return [Close(keys), *_cut(one for one in self._connections if one.key in keys)] if keys else []

    def give_up(self, lost: Iterable[Key]) -> list[Command]:
        """What settings that are about to come no longer open; nothing to do where none of it is open."""
        keys = tuple(key for key in self._until if key in set(lost))
        return [Close(keys), *_cut(one for one in self._connections if one.key in keys)] if keys else []

    def look(self, seen: Seen, now: float) -> list[Command]:
        unknown = tuple(sorted(seen.held.keys() - self._ways.keys(), key=str))
        ended = tuple(key for key in self._until if key not in seen.held)
        over = sorted({self._who(key) for key in ended} - {self._who(key) for key in seen.held if key in self._ways})
        self._until = {key: self._end(key, now + left) for key, left in seen.held.items() if key in self._ways}
        return [
            *([Close(unknown)] if unknown else []),
            *self._began(seen, now),
            *self._lived(seen, now),
            # Also what was opened and came to its end between two looks.
            *_cut(one for one in self._connections if one in seen.living and one.key not in self._until),
            *(Record("maintenance.over", {"terminal": terminal, "maintainer": one}) for terminal, one in over),
        ]

    def standings(self) -> tuple[Standing, ...]:
        """What is open, as of the last look; by terminal and maintainer."""
        until: dict[tuple[str, str], float] = {}
        for key, end in self._until.items():
            who = self._who(key)
            until[who] = max(end, until.get(who, 0.0))
        return tuple(
            Standing(
                maintainer, terminal, end, sum(self._who(one.key) == (terminal, maintainer) for one in self._standing())
            )
            for (terminal, maintainer), end in sorted(until.items())
        )

    @property
    def is_busy(self) -> bool:
        """Whether there is anything to watch closely."""
        return bool(self._until or self._connections)

    def _end(self, key: Key, end: float) -> float:
        """The kernel counts whole seconds: an end that trembles is no news."""
        before = self._until.get(key)
        return end if before is None or abs(before - end) > TREMBLING else before

    def _standing(self) -> list[Connection]:
        return [one for one, known in self._connections.items() if known.stood]

    def _keys(self, terminal: str | None, maintainer: str | None = None) -> tuple[Key, ...]:
        return tuple(
            key
            for key, way in self._ways.items()
            if terminal in (None, way.terminal) and maintainer in (None, way.maintainer)
        )

    def _who(self, key: Key) -> tuple[str, str]:
        """Terminal and maintainer; by their addresses where the settings no longer name them."""
        way = self._ways.get(key)
        return (way.terminal, way.maintainer) if way else (str(key.address), str(key.source))

    def _began(self, seen: Seen, now: float) -> list[Command]:
        new = sorted(seen.begun, key=str)
        for one in new:
            self._connections.setdefault(one, _Known(now, stood=False))
        # Begun before a run of ours that has ended since, which has them on record.
        for one in seen.living - self._connections.keys():
            self._connections[one] = _Known(now, stood=True)
        return [
            *(Record("maintenance.connected", self._told(one)) for one in new),
            *([Forget(tuple(new))] if new else []),
        ]

    def _lived(self, seen: Seen, now: float) -> list[Command]:
        ended: list[Command] = []
        for one, known in list(self._connections.items()):
            if one in seen.living:
                known.stood = True
            elif known.stood or now - known.began > SETTLING:
                del self._connections[one]
                seconds = round(now - known.began) if known.stood else 0
                ended.append(Record("maintenance.disconnected", self._told(one) | {"seconds": seconds}))
        return ended

    def _told(self, one: Connection) -> dict[str, str | int]:
        terminal, maintainer = self._who(one.key)
        return {
            "terminal": terminal,
            "port": one.key.port,
            "maintainer": maintainer,
            "from": f"{one.key.source}:{one.source_port}",
        }


def _cut(connections: Iterable[Connection]) -> list[Command]:
    cut = tuple(connections)
    return [Cut(cut)] if cut else []
