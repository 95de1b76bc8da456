"""Which tunnel is preferred: the slow half of fail-over, without clock or socket.

BIRD moves the traffic by itself, in a fraction of a second, to the most preferred tunnel whose
BFD session is up. This decides only the order, and so when the traffic may come back:

* A tunnel that failed loses its place at once and gets it back after a steady time (hold-down),
  which doubles with every further failure and shrinks again in quiet times (after RFC 2439).
* A tunnel behind which no engine answers loses its place only to one behind which one does.
* The operator's word (pin, drain) counts before all of it; a drained tunnel still carries
  when no other lives. Nobody watches its path, so it has no news: see `engines.bird`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from appliance.text import Text

HOLD = 30.0
"""Seconds of steady life after a first failure."""
LONGEST_HOLD = 600.0
HALF_LIFE = 300.0
"""Seconds in which what is remembered of failures halves."""
TOP_PREFERENCE = 200
"""BIRD's own default for static routes; the next in order get less by `STEP`."""
STEP = 10
_MOST_FAILURES = 6.0


@dataclass(frozen=True, slots=True)
class PathUp:
    """Packets go both ways through the tunnel (BFD)."""

    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class PathDown:
    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class DeepOk:
    """An engine behind the tunnel answered a question that left at `asked`."""

    tunnel: str
    asked: float
    at: float


@dataclass(frozen=True, slots=True)
class DeepFailed:
    """Beyond doubt no engine behind the tunnel answers; what was asked at `since` and later went without an answer."""

    tunnel: str
    since: float
    at: float


@dataclass(frozen=True, slots=True)
class DeepUnknown:
    """Whether an engine behind the tunnel answers is being asked anew."""

    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class Pin:
    """The operator wants this tunnel whenever it lives."""

    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class Unpin:
    at: float


@dataclass(frozen=True, slots=True)
class Drain:
    """The operator wants this tunnel empty, for example before work at the data center."""

    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class Undrain:
    tunnel: str
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    at: float


Event = PathUp | PathDown | DeepOk | DeepFailed | DeepUnknown | Pin | Unpin | Drain | Undrain | Tick


@dataclass(frozen=True, slots=True)
class Preferences:
    """by_tunnel: BIRD's preference, the higher the better. why: for the log and for people."""

    by_tunnel: dict[str, int]
    why: Text


@dataclass(slots=True)
class _Tunnel:
    """up: None until something is known. failures: remembered, as of `failed_at`. deaf: see `Policy._is_deaf`.

    met: when the newest question left that an engine answered. missed: since when none answers, None while one does.
    """

    name: str
    rank: int
    up: bool | None = None
    met: float = -inf
    missed: float | None = None
    deaf: bool = False
    drained: bool = False
    failures: float = 0.0
    failed_at: float = 0.0
    hold: float = 0.0
    good_since: float | None = None

    def fail(self, now: float) -> None:
        quiet = max(0.0, now - self.failed_at)
        self.failures = min(_MOST_FAILURES, self.failures * 0.5 ** (quiet / HALF_LIFE) + 1.0)
        self.failed_at = now
        self.hold = min(LONGEST_HOLD, HOLD * 2.0 ** (self.failures - 1.0))
        self.good_since = None

    def recover(self, now: float) -> None:
        if self.up and not self.deaf and self.good_since is None:
            self.good_since = now

    def steady_at(self) -> float | None:
        """When its hold-down ends; None while something is wrong with it."""
        if self.hold == 0.0:
            return 0.0
        return None if self.good_since is None else self.good_since + self.hold


class Policy:
    """Feed it events in the order of their time (seconds of one monotonic clock).

    tunnels: names in order of rank. order: the order that is in force already, of a daemon that
    ran before this one; a tunnel that lost its place there has to be steady before it gets it back.
    Events of other tunnels raise KeyError.
    """

    def __init__(self, tunnels: Sequence[str], order: Sequence[str] | None = None) -> None:
        self._tunnels = {name: _Tunnel(name, rank) for rank, name in enumerate(tunnels)}
        self._pinned: str | None = None
        self._order = list(tunnels)
        if order is not None and sorted(order) == sorted(tunnels):
            self._order = list(order)
            for place, name in enumerate(order):
                overtaken = any(self._tunnels[other].rank > self._tunnels[name].rank for other in order[:place])
                self._tunnels[name].hold = HOLD if overtaken else 0.0

    @property
    def preferences(self) -> dict[str, int]:
        """BIRD's preference by tunnel, as of the last event."""
        return {name: TOP_PREFERENCE - STEP * place for place, name in enumerate(self._order)}

    @property
    def deaf(self) -> frozenset[str]:
        """The tunnels behind which no engine answers, while one does behind another."""
        return frozenset(tunnel.name for tunnel in self._tunnels.values() if tunnel.deaf)

    def handle(self, event: Event) -> Preferences | None:
        """None when the order stays as it was."""
        now = event.at
        self._note(event)
        self._listen_behind(now)
        old = self._order[0]
        badness = {name: self._badness(tunnel, old, now) for name, tunnel in self._tunnels.items()}
        new = min(badness, key=lambda name: badness[name])
        order = sorted(self._tunnels, key=lambda name: self._badness(self._tunnels[name], new, now))
        if order == self._order:
            return None
        self._order = order
        if new == old:
            return Preferences(self.preferences, _RESERVES)
        decisive = next(place for place, worse in enumerate(badness[old]) if worse != badness[new][place])
        ja, en = _WHY[decisive]
        return Preferences(self.preferences, Text(ja.format(old=old, new=new), en.format(old=old, new=new)))

    def next_deadline(self, now: float) -> float | None:
        """When a `Tick` may change the order without any other event; None when none can."""
        ends = (tunnel.steady_at() for tunnel in self._tunnels.values())
        return min((at for at in ends if at is not None and at > now), default=None)

    def _note(self, event: Event) -> None:
        now = event.at
        match event:
            case PathUp(name):
                self._tunnels[name].up = True
                self._tunnels[name].recover(now)
            case PathDown(name):
                tunnel = self._tunnels[name]
                # A path that has not come up yet, after a start, has not failed.
                if tunnel.up:
                    tunnel.fail(now)
                tunnel.up = False
                # What lies behind it is not known while there is no way through it.
                tunnel.missed = None
            case DeepOk(name, asked):
                self._tunnels[name].met, self._tunnels[name].missed = asked, None
            case DeepFailed(name, since):
                self._tunnels[name].missed = since
            case DeepUnknown(name):
                self._tunnels[name].missed = None
            case Pin(name):
                self._pinned = self._tunnels[name].name
            case Unpin():
                self._pinned = None
            case Drain(name):
                self._tunnels[name].drained = True
            case Undrain(name):
                # Nobody has watched its path meanwhile: it begins anew, as at a start.
                self._tunnels[name].drained, self._tunnels[name].up = False, None
            case Tick():
                pass

    def _listen_behind(self, now: float) -> None:
        for tunnel in self._tunnels.values():
            was, tunnel.deaf = tunnel.deaf, self._is_deaf(tunnel)
            if tunnel.deaf and not was:
                tunnel.fail(now)
            tunnel.recover(now)

    def _is_deaf(self, tunnel: _Tunnel) -> bool:
        """No engine behind it, while there is one behind a living other: the engines are well, the tunnel is not."""
        return tunnel.missed is not None and any(
            other.up and other.missed is None and other.met >= tunnel.missed for other in self._tunnels.values()
        )

    def _badness(self, tunnel: _Tunnel, first: str, now: float) -> tuple[bool, bool, bool, bool, bool, int]:
        """The smaller, the more preferred.

        first: who has the first place. What is not well, or not yet for long, does not gain it, but keeps it.
        """
        steady_at = tunnel.steady_at()
        held = tunnel.up is False or steady_at is None or now < steady_at
        return (
            tunnel.name != self._pinned,
            tunnel.up is False and any(other.up for other in self._tunnels.values()),
            tunnel.drained,
            tunnel.deaf,
            held and tunnel.name != first,
            tunnel.rank,
        )


_RESERVES = Text("予備の回線の順序が変わりました。", "the order of the paths in reserve changed")
_BACK = (
    "優先する {new} が安定しているため、{new} に戻します。",
    "back to {new}, which is preferred and steady",
)
_WHY = (
    ("{new} を使うよう指定されたため、{new} に切り替えます。", "to {new}, which the operator chose"),
    ("{old} が途切れたため、{new} に切り替えます。", "to {new}, because {old} is down"),
    ("{old} を空けるよう指定されたため、{new} に切り替えます。", "to {new}, because the operator drains {old}"),
    (
        "{old} の先のサーバーが応答しないため、{new} に切り替えます。",
        "to {new}, because no engine answers behind {old}",
    ),
    _BACK,
    _BACK,
)
"""By the place in `Policy._badness` that decided."""
