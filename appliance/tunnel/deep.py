"""Whether engines answer behind each tunnel: questions end to end, and when silence is beyond doubt. Pure.

A question is cheap (see `tunnel.knock`) and goes through one tunnel, whichever carries. While all is
well, the tunnel that carries is asked often and the others now and then. An answer that is late begins
a suspicion: that tunnel is then asked in quick succession, every engine in turn, and the others
once more, so that what is concluded rests on questions of the same moment.

How many questions in a row must be lost before silence is beyond doubt follows from how many are lost
anyway (an accrual failure detector, after Hayashibara et al., SRDS 2004): on a clean path a dozen within
a second, on one that loses a fifth of its packets some more. So loss is never taken for death.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from math import ceil, inf, log

PERIOD = 0.5
"""Seconds from question to question through the tunnel that carries."""
SPARE_PERIOD = 5.0
"""Seconds, through the others."""
DEAF_PERIOD = 1.0
"""Seconds, through one behind which nobody answers."""
LATE, LATEST = 0.15, 0.3
"""Seconds without an answer until one is suspicious, and asks again: twice of what it usually takes, within these."""
BURST_PERIOD = 0.04
"""Seconds between two questions of a suspicion."""
LOST = 0.5
"""Seconds until a question counts as lost."""
DOUBT = 1e-7
"""How unlikely it shall be that a run of lost questions is chance."""
LEAST_LOSS, MOST_LOSS = 0.25, 0.9
"""Bounds of the share of questions that is reckoned to be lost by chance. The lower makes up for a loss that begins
suddenly, of which nothing is known yet."""
LEARNING = 0.05
"""Weight of one question in that share."""

Target = tuple[IPv4Address, int]
"""An engine's address and TCP port."""


@dataclass(frozen=True, slots=True)
class Engines:
    """Whom to ask through which tunnel, from now on. An empty list changes nothing: proofs lapse, engines stay."""

    targets: Mapping[str, Sequence[Target]]
    at: float


@dataclass(frozen=True, slots=True)
class Carrying:
    """tunnel: None while none does."""

    tunnel: str | None
    at: float


@dataclass(frozen=True, slots=True)
class Path:
    """Whether packets pass through the tunnel at all (BFD); while they do not, nobody is asked."""

    tunnel: str
    up: bool
    at: float


@dataclass(frozen=True, slots=True)
class Answered:
    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Missed:
    """The question was refused, or could not be asked."""

    number: int
    at: float


@dataclass(frozen=True, slots=True)
class Tick:
    at: float


Event = Engines | Carrying | Path | Answered | Missed | Tick


@dataclass(frozen=True, slots=True)
class Ask:
    """Answer with `Answered` or `Missed`, or not at all. number: never used twice."""

    number: int
    tunnel: str
    target: Target


@dataclass(frozen=True, slots=True)
class Met:
    """An engine answered; the question left at `asked`."""

    tunnel: str
    asked: float


@dataclass(frozen=True, slots=True)
class Lost:
    """No engine answers any more; the suspicion began at `since`."""

    tunnel: str
    since: float


@dataclass(frozen=True, slots=True)
class Doubted:
    """Engines answer again behind another tunnel that was as silent: whether this one's are lost is asked anew."""

    tunnel: str


Command = Ask | Met | Lost | Doubted


@dataclass(frozen=True, slots=True)
class _Question:
    """turn: whose it was."""

    asked: float
    turn: int


@dataclass(slots=True)
class _Tunnel:
    """turn: whose turn it is among the targets. met: when the newest answered question left. run: lost ones since.

    usual: seconds that an answer takes. waiting: for their answers, by number.
    """

    name: str
    targets: Sequence[Target] = ()
    turn: int = 0
    up: bool = False
    due: float = 0.0
    met: float = -inf
    run: int = 0
    suspected: float | None = None
    deaf: bool = False
    loss: float = LEAST_LOSS
    usual: float = 0.0
    waiting: dict[int, _Question] = field(default_factory=dict)

    def enough(self) -> int:
        """How many questions in a row must be lost."""
        return ceil(log(DOUBT) / log(min(MOST_LOSS, max(LEAST_LOSS, self.loss))))

    def late(self) -> float:
        return min(LATEST, max(LATE, 2 * self.usual))

    def is_asked(self) -> bool:
        return self.up and bool(self.targets)

    def learn(self, *losses: bool) -> None:
        for lost in losses:
            self.loss += LEARNING * (lost - self.loss)

    def begin_anew(self, now: float) -> None:
        self.waiting.clear()
        self.due, self.run, self.suspected, self.deaf = now, 0, None, False


class DeepHealth:
    """Feed it events in the order of their time (seconds of one monotonic clock); carry its commands out in order.

    Events of other tunnels raise KeyError; of questions that nobody waits for any more, they mean nothing.
    """

    def __init__(self, tunnels: Iterable[str]) -> None:
        self._tunnels = {name: _Tunnel(name) for name in tunnels}
        self._carrying: str | None = None
        self._number = 0

    def handle(self, event: Event) -> list[Command]:
        now = event.at
        commands: list[Command] = []
        match event:
            case Engines(targets):
                for name, found in targets.items():
                    self._tunnels[name].targets = found or self._tunnels[name].targets
            case Carrying(name):
                if name is not None and name != self._carrying:
                    self._tunnels[name].due = min(self._tunnels[name].due, now)
                self._carrying = name
            case Path(name, up):
                if self._tunnels[name].up is not up:
                    self._tunnels[name].up = up
                    self._tunnels[name].begin_anew(now)
            case Answered(number):
                commands += self._answered(number, now)
            case Missed(number):
                tunnel = self._of(number)
                if tunnel is not None:
                    commands += self._missed(tunnel, number, now)
            case Tick():
                pass
        for tunnel in self._tunnels.values():
            commands += self._grow_late(tunnel, now)
        return commands + self._ask(now)

    def next_deadline(self) -> float | None:
        """When a `Tick` makes something due; None while nobody is asked."""
        asked = (tunnel for tunnel in self._tunnels.values() if tunnel.is_asked())
        return min((at for tunnel in asked for at in _dates(tunnel)), default=None)

    def _of(self, number: int) -> _Tunnel | None:
        return next((tunnel for tunnel in self._tunnels.values() if number in tunnel.waiting), None)

    def _answered(self, number: int, now: float) -> list[Command]:
        tunnel = self._of(number)
        if tunnel is None:
            return []
        question = tunnel.waiting.pop(number)
        asked = question.asked
        # Only now: what a dead engine did not answer says nothing about the path.
        tunnel.learn(*[True] * (0 if tunnel.deaf else tunnel.run), False)
        tunnel.usual += LEARNING * (now - asked - tunnel.usual)
        tunnel.met = max(tunnel.met, asked)
        tunnel.turn = question.turn
        was_deaf = tunnel.deaf
        tunnel.run, tunnel.suspected, tunnel.deaf = 0, None, False
        tunnel.due = asked + self._period(tunnel)
        return [*(self._doubt_others(tunnel, now) if was_deaf else ()), Met(tunnel.name, asked)]

    def _doubt_others(self, tunnel: _Tunnel, now: float) -> list[Command]:
        """The engines may be back for everybody; nobody moves because one tunnel was asked a moment earlier."""
        others = [other for other in self._tunnels.values() if other is not tunnel and other.deaf]
        for other in others:
            other.deaf, other.run = False, 0
            self._suspect(other, now)
        return [Doubted(other.name) for other in others]

    def _missed(self, tunnel: _Tunnel, number: int, now: float) -> list[Command]:
        asked = tunnel.waiting.pop(number).asked
        if tunnel.deaf:
            return []
        if asked <= tunnel.met:
            tunnel.learn(True)
            return []
        self._suspect(tunnel, now)
        tunnel.run += 1
        if tunnel.run < tunnel.enough() or tunnel.suspected is None:
            return []
        lost = Lost(tunnel.name, tunnel.suspected)
        tunnel.deaf, tunnel.suspected = True, None
        tunnel.due = now + DEAF_PERIOD
        return [lost]

    def _grow_late(self, tunnel: _Tunnel, now: float) -> list[Command]:
        commands: list[Command] = []
        for number, question in list(tunnel.waiting.items()):
            if now >= question.asked + LOST:
                commands += self._missed(tunnel, number, now)
            elif now >= question.asked + tunnel.late() and question.asked > tunnel.met and not tunnel.deaf:
                self._suspect(tunnel, now)
        return commands

    def _suspect(self, suspect: _Tunnel, now: float) -> None:
        if suspect.suspected is not None:
            return
        suspect.suspected = suspect.due = now
        for other in self._tunnels.values():
            if other is not suspect:
                other.due = min(other.due, now)

    def _ask(self, now: float) -> list[Command]:
        commands: list[Command] = []
        for tunnel in self._tunnels.values():
            if not tunnel.is_asked() or now < tunnel.due:
                continue
            self._number += 1
            tunnel.waiting[self._number] = _Question(now, tunnel.turn)
            tunnel.due = now + self._period(tunnel)
            commands.append(Ask(self._number, tunnel.name, tunnel.targets[tunnel.turn % len(tunnel.targets)]))
            # Who has answered is asked again; in a suspicion, and behind a deaf tunnel, everybody's turn comes.
            tunnel.turn += tunnel.deaf or tunnel.suspected is not None
        return commands

    def _period(self, tunnel: _Tunnel) -> float:
        if tunnel.suspected is not None:
            return BURST_PERIOD
        if tunnel.deaf:
            return DEAF_PERIOD
        return PERIOD if tunnel.name == self._carrying else SPARE_PERIOD


def _dates(tunnel: _Tunnel) -> Iterator[float]:
    yield tunnel.due
    for question in tunnel.waiting.values():
        yield question.asked + LOST
        if tunnel.suspected is None and not tunnel.deaf and question.asked > tunnel.met:
            yield question.asked + tunnel.late()
