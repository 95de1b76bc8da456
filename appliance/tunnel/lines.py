"""Which access line each tunnel uses: sans-I/O, without clock or socket.

A tunnel that may use several lines has them in order of preference:

* It leaves a line that is closed (no link, no address) for the best open one at once.
* It leaves an open line on which it has had no path for a while, unless another tunnel lives on that very line: then
  the line is well and the far end is not. On the next line it gets longer, since WireGuard calls only every 5 s
  (REKEY_TIMEOUT), and longer with each round in vain.
* It comes back to a better line that has been open for the hold-down, on trial: if the path does not follow within
  a moment, it goes where it was, and the hold-down of that line doubles.

A tunnel that has one line only stays with it. Moving costs nothing but the packets under way: WireGuard's session
goes on by any line, and the far end answers to where the last packet came from.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

PATIENCE = 3.0
"""Seconds without a path until a tunnel tries another line."""
NEXT_PATIENCE, LONGEST_PATIENCE = 8.0, 60.0
"""Seconds on a line that was tried in vain before, doubled with every round."""
TRIAL = 6.0
"""Seconds within which the path must follow to a better line: a BFD session that was lost needs three to come back."""
HOLD, LONGEST_HOLD = 30.0, 1800.0
"""Seconds for which a line that was left must be open before a tunnel comes back."""


@dataclass(frozen=True, slots=True)
class Line:
    """Whether packets can leave by the line at all: it has a link, an address and a way."""

    name: str
    is_open: bool
    at: float


@dataclass(frozen=True, slots=True)
class Path:
    """Whether packets pass through the tunnel both ways (BFD)."""

    tunnel: str
    up: bool
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    at: float


Event = Line | Path | Tick


@dataclass(frozen=True, slots=True)
class Use:
    """The tunnel uses this line from now on."""

    tunnel: str
    line: str


@dataclass(slots=True)
class _Line:
    """is_open: None until something is known. since: of the present state. was_open: ever."""

    is_open: bool | None = None
    since: float = -inf
    was_open: bool = False


@dataclass(slots=True)
class _Tunnel:
    """lines: that it may use, the preferred one first. up: None until something is known. down_since: None while it is.

    patience: for its present line. hold: by line that it left. back: where it came from, while on trial.
    """

    name: str
    lines: Sequence[str]
    line: str
    up: bool | None = None
    down_since: float | None = None
    moved_at: float = -inf
    patience: float = PATIENCE
    hold: dict[str, float] = field(default_factory=dict)
    left: dict[str, float] = field(default_factory=dict)
    back: str | None = None


class Lines:
    """Feed it events in the order of their time (seconds of one monotonic clock).

    tunnels: names of the lines that each may use, in order of preference. in_use: what an earlier daemon of ours
    decided. Events of other tunnels raise KeyError; lines that no tunnel may use are of no matter.
    """

    def __init__(self, tunnels: Mapping[str, Sequence[str]], in_use: Mapping[str, str] | None = None) -> None:
        used = in_use or {}
        self._tunnels = {
            name: _Tunnel(name, lines, used[name] if used.get(name) in lines else lines[0])
            for name, lines in tunnels.items()
        }
        self._lines = {line: _Line() for lines in tunnels.values() for line in lines}

    @property
    def in_use(self) -> dict[str, str]:
        """Line by tunnel."""
        return {tunnel.name: tunnel.line for tunnel in self._tunnels.values()}

    def handle(self, event: Event) -> list[Use]:
        now = event.at
        match event:
            case Line(name, is_open):
                line = self._lines.get(name)
                if line is not None and line.is_open is not is_open:
                    line.is_open, line.since = is_open, now
                    line.was_open |= is_open
            case Path(name, up):
                self._path(self._tunnels[name], up, now)
            case Tick():
                pass
        moves = ((tunnel.name, self._move(tunnel, now)) for tunnel in self._tunnels.values())
        return [Use(tunnel, to) for tunnel, to in moves if to is not None]

    def _path(self, tunnel: _Tunnel, up: bool, now: float) -> None:
        if up:
            tunnel.down_since = None
            if not tunnel.up:
                tunnel.patience = PATIENCE
        elif tunnel.down_since is None:
            tunnel.down_since = now
        tunnel.up = up

    def _move(self, tunnel: _Tunnel, now: float) -> str | None:
        """The line to move to, None to stay."""
        others = [line for line in tunnel.lines if line != tunnel.line and self._lines[line].is_open]
        if not others:
            return None
        if self._lines[tunnel.line].is_open is False:
            return self._leave(tunnel, others[0], now)
        if tunnel.back is not None:
            return self._on_trial(tunnel, tunnel.back, now)
        if better := self._come_back(tunnel, others, now):
            return better
        if tunnel.up is False and self._is_tired(tunnel, now) and not self._is_proven(tunnel):
            return self._try_next(tunnel, others, now)
        return None

    def _is_tired(self, tunnel: _Tunnel, now: float) -> bool:
        began = max(tunnel.moved_at, self._lines[tunnel.line].since, tunnel.down_since or -inf)
        return now >= began + tunnel.patience

    def _is_proven(self, tunnel: _Tunnel) -> bool:
        """Another tunnel lives on its line: the line is not to blame."""
        return any(other.up and other.line == tunnel.line for other in self._tunnels.values())

    def _try_next(self, tunnel: _Tunnel, others: Iterable[str], now: float) -> str:
        ahead = list(others)
        place = tunnel.lines.index(tunnel.line)
        following = [line for line in ahead if tunnel.lines.index(line) > place] or ahead
        patience = min(LONGEST_PATIENCE, max(NEXT_PATIENCE, 2 * tunnel.patience))
        line = self._leave(tunnel, following[0], now)
        tunnel.patience = patience
        return line

    def _come_back(self, tunnel: _Tunnel, others: Iterable[str], now: float) -> str | None:
        for line in others:
            better = tunnel.lines.index(line) < tunnel.lines.index(tunnel.line)
            steady = max(self._lines[line].since, tunnel.left.get(line, -inf)) + tunnel.hold.get(line, 0.0)
            if better and now >= steady:
                # Without a path there is nothing to lose here, and a first handshake takes its time there.
                tunnel.back = tunnel.line if tunnel.up else None
                return self._use(tunnel, line, now)
        return None

    def _on_trial(self, tunnel: _Tunnel, back: str, now: float) -> str | None:
        if now < tunnel.moved_at + TRIAL:
            return None
        if tunnel.up:
            tunnel.back = None
            return None
        return self._leave(tunnel, back, now) if self._lines[back].is_open else self._end_trial(tunnel)

    @staticmethod
    def _end_trial(tunnel: _Tunnel) -> None:
        tunnel.back = None

    def _leave(self, tunnel: _Tunnel, line: str, now: float) -> str:
        """For a fault: the line that is left has to be steady before the tunnel comes back to it."""
        left = tunnel.line
        if not self._lines[left].was_open:
            # It has not come up yet; that is no fault.
            return self._use(tunnel, line, now)
        quiet = now - tunnel.left.get(left, -inf) > 2 * LONGEST_HOLD
        tunnel.hold[left] = HOLD if quiet else min(LONGEST_HOLD, max(HOLD, 2 * tunnel.hold.get(left, 0.0)))
        tunnel.left[left] = now
        tunnel.back = None
        return self._use(tunnel, line, now)

    @staticmethod
    def _use(tunnel: _Tunnel, line: str, now: float) -> str:
        tunnel.line, tunnel.moved_at = line, now
        return line

    def next_deadline(self) -> float | None:
        """When a `Tick` may move a tunnel without any other event; None when none can."""
        dates = [at for tunnel in self._tunnels.values() if len(tunnel.lines) > 1 for at in self._dates(tunnel)]
        return min(dates, default=None)

    def _dates(self, tunnel: _Tunnel) -> Iterable[float]:
        if tunnel.back is not None:
            yield tunnel.moved_at + TRIAL
        if tunnel.up is False:
            yield max(tunnel.moved_at, self._lines[tunnel.line].since, tunnel.down_since or -inf) + tunnel.patience
        for line in tunnel.lines[: tunnel.lines.index(tunnel.line)]:
            if tunnel.back is None and self._lines[line].is_open:
                yield max(self._lines[line].since, tunnel.left.get(line, -inf)) + tunnel.hold.get(line, 0.0)
