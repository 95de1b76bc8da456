"""How large packets may be that a tunnel carries whole: sans-I/O, after RFC 8899 (packetization layer path MTU).

Routers on the way may drop what is too large and say nothing, so only packets of each size themselves can tell.
Echo requests that must not be broken up go to the far end of the tunnel and come back by the same size:

* The size in force is tried now and then. When it is lost again and again while small packets pass, the least size
  is in force at once, and the largest that passes is looked for from there by halving.
* When all sizes are lost nothing is concluded: a path that is dead, or loses much, says nothing about sizes.
* After a change of line at once, and else once in a long while, it is tried whether more passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

LEAST = 1280
"""Bytes of the inner packet: what every path of today carries (RFC 8200 section 5), tunnel and all."""
CHECK_EVERY = 5.0
"""Seconds between two trials of the size in force."""
RAISE_EVERY = 600.0
"""Seconds until it is tried whether more passes."""
TRIES = 10
"""So many of one size must be lost: on a path that loses a fifth each way, all are by chance once in 30,000 times."""
PACE = 0.2
"""Seconds from try to try."""
CONTROLS = 3
"""So many small packets must have passed meanwhile."""
GRAIN = 8
"""Bytes: a difference that is not worth a search."""


def fits(line_mtu: int, version: int, widest: int) -> int:
    """The largest inner packet whose outer one, by this version of IP, fits a line of `line_mtu` bytes.

    WireGuard adds 32 bytes, UDP 8, IP 20 or 40, and pads to 16 but never beyond its interface's MTU, which is
    `widest` (whitepaper section 5.4.6; RFC 768, 791, 8200).
    """
    room = line_mtu - 32 - 8 - (20 if version == 4 else 40)
    return widest if widest <= room else room // 16 * 16


@dataclass(frozen=True, slots=True)
class PathUp:
    """Packets pass through the tunnel, maybe by another line than before.

    largest: the inner packet that fits this line in one piece, in bytes (see `fits`); None: nobody knows.
    """

    at: float
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class PathDown:
    at: float


@dataclass(frozen=True, slots=True)
class Echoed:
    """An echo request of `size` bytes came back."""

    size: int
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    at: float


Event = PathUp | PathDown | Echoed | Tick


@dataclass(frozen=True, slots=True)
class Echo:
    """Send an echo request of `size` bytes, IP header included; answer with `Echoed`, or not at all."""

    size: int


@dataclass(frozen=True, slots=True)
class SetMtu:
    size: int


Command = Echo | SetMtu


class PathMtu:
    """Of one tunnel. Feed it events in the order of their time (seconds of one monotonic clock).

    largest: what the account allows, in bytes. known: what an earlier daemon of ours found.
    """

    def __init__(self, largest: int, known: int | None = None) -> None:
        self._largest = self._widest = largest
        self._least = min(LEAST, largest)
        self.mtu = min(max(known or largest, self._least), largest)
        self._up = False
        self._trial: int | None = None
        """The size that is being tried; None while nothing is."""
        self._bad = largest + 1
        """The smallest size that is known not to pass, while searching."""
        self._tries = self._controls = 0
        self._due = inf
        self._raise_at = inf

    def handle(self, event: Event) -> list[Command]:
        now = event.at
        commands: list[Command] = []
        match event:
            case PathUp(_, fitting):
                commands += self._fit(self._widest if fitting is None else fitting)
                self._up, self._raise_at = True, now
                self._try(self.mtu, now)
            case PathDown():
                self._up, self._trial, self._due = False, None, inf
            case Echoed(size):
                commands += self._echoed(size, now)
            case Tick():
                pass
        return commands + self._go_on(now)

    def _fit(self, size: int) -> list[Command]:
        """Larger ones would be broken up outside the tunnel, and pieces are what routers on the way lose first."""
        self._largest = min(self._widest, max(size, self._least))
        self._bad = self._largest + 1
        if self.mtu <= self._largest:
            return []
        self.mtu = self._largest
        return [SetMtu(self.mtu)]

    def next_deadline(self) -> float | None:
        """When a `Tick` makes something due; None while the path is down."""
        return None if self._due == inf else self._due

    def _try(self, size: int, now: float) -> None:
        self._trial, self._tries, self._controls, self._due = size, 0, 0, now

    def _echoed(self, size: int, now: float) -> list[Command]:
        if not self._up or self._trial is None:
            return []
        if size == self._least:
            self._controls += 1
        return self._passed(now) if size == self._trial else []

    def _passed(self, now: float) -> list[Command]:
        """The size on trial passes."""
        size = self._trial or self._least
        commands: list[Command] = [SetMtu(size)] if size > self.mtu else []
        self.mtu = max(self.mtu, size)
        self._search_on(now)
        return commands

    def _search_on(self, now: float) -> None:
        if self._bad - self.mtu > GRAIN and self._bad <= self._largest:
            self._try((self.mtu + self._bad) // 2, now)
        elif self.mtu < self._largest and now >= self._raise_at:
            self._raise_at, self._bad = now + RAISE_EVERY, self._largest + 1
            self._try(self._largest, now)
        else:
            self._bad, self._trial, self._due = self._largest + 1, None, now + CHECK_EVERY

    def _go_on(self, now: float) -> list[Command]:
        if not self._up or now < self._due:
            return []
        if self._trial is None:
            self._try(self.mtu, now)
        size = self._trial or self.mtu
        if self._tries >= TRIES:
            return self._lost(size, now)
        self._tries += 1
        self._due = now + PACE
        control = [Echo(self._least)] if self._tries > 1 and size != self._least else []
        return [Echo(size), *control]

    def _lost(self, size: int, now: float) -> list[Command]:
        """Every try of this size is lost."""
        if size == self._least or self._controls < CONTROLS:
            # Nothing passes: that is not a matter of size.
            self._bad, self._trial, self._due = self._largest + 1, None, now + CHECK_EVERY
            return []
        self._bad = size
        if size > self.mtu:
            self._search_on(now)
            return self._go_on(now)
        self.mtu = self._least
        self._raise_at = now + RAISE_EVERY
        self._search_on(now)
        return [SetMtu(self.mtu), *self._go_on(now)]
