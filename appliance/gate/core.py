"""One connection through the gate, as a state machine without sockets: events in, commands out.

    accepted → terminal's handshake → connecting → engine's handshake → relaying → closed
                     ↓                     ↓                ↓               ↓
              refused in TLS words        reset both sides  ←——————————————←

Nothing is sent towards an engine before the terminal has shown a valid certificate, and nothing that a terminal
says reaches an engine before the engine has proven itself.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from appliance.gate.reasons import Reason
from appliance.pins import Identity

HANDSHAKE_SECONDS = 10.0
CONNECT_SECONDS = 3.0
"""For each address; then the next one is tried."""
DRAIN_SECONDS = 2.0
DELIVERY_SECONDS = 3.0
"""Within which an engine's kernel acknowledges something of what it is told on a connection that had been waiting: as
much time as `CONNECT_SECONDS` leaves to one that answers on none."""


class Side(Enum):
    TERMINAL = "terminal"
    ENGINE = "engine"

    @property
    def other(self) -> Side:
        return Side.ENGINE if self is Side.TERMINAL else Side.TERMINAL


class State(Enum):
    TERMINAL_HANDSHAKE = "terminal handshake"
    CONNECTING = "connecting"
    ENGINE_HANDSHAKE = "engine handshake"
    RELAYING = "relaying"
    DRAINING = "draining"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Terms:
    """pins: of which the engine must show one. revoked: marks of certificates that neither side may show.

    by_address: a terminal may show none."""

    pins: Collection[str]
    revoked: Collection[str] = ()
    by_address: bool = False


# ---- events --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TerminalProven:
    """The terminal's handshake is done and OpenSSL has verified its certificate. mark: of its leaf, see `pins`; None:
    it has shown none."""

    mark: str | None


@dataclass(frozen=True, slots=True)
class TerminalFailed:
    """The handshake failed; OpenSSL has written the alert that says so."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Connected:
    """TCP to the engine stands, and its handshake begins."""


@dataclass(frozen=True, slots=True)
class ConnectFailed:
    reason: Reason


@dataclass(frozen=True, slots=True)
class EngineProven:
    """The engine's handshake is done, chain and name are verified. shown: its leaf. had_waited: it was done before
    this terminal's connection came (`reserve`), so the engine may have fallen silent since."""

    shown: Identity
    had_waited: bool = False


@dataclass(frozen=True, slots=True)
class EngineFailed:
    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Ended:
    """`side` will send no more and everything it sent has been passed on. clean: by close_notify, not cut."""

    side: Side
    clean: bool


@dataclass(frozen=True, slots=True)
class WriteEnded:
    """The end of the stream has been passed on to `side`, or that side is gone after having said everything."""

    side: Side


@dataclass(frozen=True, slots=True)
class Broken:
    """A connection failed before its end. refusal: the reason, when the engine refuses the clinic's certificate."""

    side: Side
    refusal: Reason | None = None


@dataclass(frozen=True, slots=True)
class Ordered:
    """The daemon, or a new configuration, wants this connection gone."""


@dataclass(frozen=True, slots=True)
class NewTerms:
    """From now on, and for what was shown before."""

    terms: Terms


class Delivery(Enum):
    """What an engine's kernel has acknowledged of what it was told."""

    NOTHING_SAID = "nothing was said yet"
    ACKNOWLEDGED = "some of it, or all"
    SILENCE = "nothing"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The answer to `CheckDelivery`."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The time of the last `Within` is over."""


Event = (
    TerminalProven
    | TerminalFailed
    | Connected
    | ConnectFailed
    | EngineProven
    | EngineFailed
    | Ended
    | WriteEnded
    | Broken
    | Ordered
    | NewTerms
    | Delivered
    | TimedOut
)

# ---- commands --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Handshake:
    """With the terminal."""


@dataclass(frozen=True, slots=True)
class Connect:
    """Open TCP to this engine and go on to its handshake, or take a connection that waits (`EngineProven` at once).
    What is under way to another address is given up."""

    address: str


@dataclass(frozen=True, slots=True)
class Relay:
    """Pass bytes on in both directions."""


@dataclass(frozen=True, slots=True)
class CheckDelivery:
    """Say what the engine has got (`Delivered`)."""


@dataclass(frozen=True, slots=True)
class EndWrite:
    """Pass the end of the stream on to `side`: with close_notify when clean, else as cut as it came."""

    side: Side
    clean: bool


@dataclass(frozen=True, slots=True)
class Refuse:
    """Count it, and tell the daemon why."""

    reason: Reason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Reset:
    """Close both sides with a TCP reset, at once."""


@dataclass(frozen=True, slots=True)
class Drain:
    """Send FIN to the terminal after the alert and throw away what it still says, so that the alert arrives."""


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Within:
    """Send `TimedOut` after so many seconds unless another `Within` comes first. None: never."""

    seconds: float | None


Command = Handshake | Connect | Relay | CheckDelivery | EndWrite | Refuse | Reset | Drain | Close | Within


def against_terminal(terms: Terms, mark: str | None) -> Refuse | None:
    """What speaks against the terminal that has shown this certificate, or none."""
    if mark is None and not terms.by_address:
        return Refuse(Reason.TERMINAL_CERTIFICATE_MISSING)
    if mark in terms.revoked:
        return Refuse(Reason.TERMINAL_CERTIFICATE_REVOKED, f"mark seen: {mark}")
    return None


def against_engine(terms: Terms, shown: Identity) -> Refuse | None:
    """What speaks against the engine that has shown this certificate."""
    if shown.pin not in terms.pins:
        return Refuse(Reason.WRONG_PIN, f"pin seen: {shown.pin}")
    if shown.mark in terms.revoked:
        return Refuse(Reason.REVOKED, f"mark seen: {shown.mark}")
    return None


class Connection:
    """candidates: proven engines in the order in which to try them."""

    def __init__(self, candidates: tuple[str, ...], terms: Terms) -> None:
        self.state = State.TERMINAL_HANDSHAKE
        self._candidates = list(candidates)
        self._terms = terms
        self._terminal: TerminalProven | None = None
        self._engine: Identity | None = None
        self._ended: set[Side] = set()
        self._write_ended: set[Side] = set()

    def begin(self) -> list[Command]:
        return [Within(HANDSHAKE_SECONDS), Handshake()]

    def handle(self, event: Event) -> list[Command]:
        """What to do about `event`. Events that no longer matter (late ones) get an empty list."""
        if self.state is State.CLOSED:
            return []
        if isinstance(event, Ordered):
            return self._reset()
        if isinstance(event, NewTerms):
            self._terms = event.terms
            refusal = self._against_terminal() or self._against_engine()
            return self._reset(refusal) if refusal else []
        match self.state:
            case State.TERMINAL_HANDSHAKE:
                return self._in_terminal_handshake(event)
            case State.CONNECTING:
                return self._while_connecting(event)
            case State.ENGINE_HANDSHAKE:
                return self._in_engine_handshake(event)
            case State.RELAYING:
                return self._while_relaying(event)
            case _:
                return self._while_draining(event)

    def _in_terminal_handshake(self, event: Event) -> list[Command]:
        match event:
            case TerminalProven():
                self._terminal = event
                refusal = self._against_terminal()
                return self._reset(refusal) if refusal else self._connect_next(Reason.NO_PROVEN_ENGINE)
            case TerminalFailed(reason, detail):
                self.state = State.DRAINING
                return [Refuse(reason, detail), Drain(), Within(DRAIN_SECONDS)]
            case TimedOut():
                return self._reset(Refuse(Reason.TERMINAL_TOO_SLOW))
            case Broken():
                return self._reset(Refuse(Reason.TERMINAL_LEFT))
        return []

    def _while_connecting(self, event: Event) -> list[Command]:
        match event:
            case Connected():
                self.state = State.ENGINE_HANDSHAKE
                return [Within(HANDSHAKE_SECONDS)]
            case ConnectFailed(reason):
                return self._connect_next(reason)
            case EngineProven() | EngineFailed():
                return self._in_engine_handshake(event)
            case TimedOut():
                return self._connect_next(Reason.TIMEOUT)
            case Broken(side=Side.TERMINAL):
                return self._reset()
        return []

    def _connect_next(self, why_not_the_last: Reason) -> list[Command]:
        if not self._candidates:
            return self._reset(Refuse(why_not_the_last))
        self.state = State.CONNECTING
        return [Within(CONNECT_SECONDS), Connect(self._candidates.pop(0))]

    def _in_engine_handshake(self, event: Event) -> list[Command]:
        match event:
            case EngineProven(shown, had_waited):
                self._engine = shown
                if refusal := self._against_engine():
                    return self._reset(refusal)
                self.state = State.RELAYING
                return [Within(DELIVERY_SECONDS if had_waited else None), Relay()]
            case EngineFailed(reason, detail):
                return self._reset(Refuse(reason, detail))
            case TimedOut():
                return self._reset(Refuse(Reason.TIMEOUT))
            case Broken(side=Side.TERMINAL):
                return self._reset()
        return []

    def _while_relaying(self, event: Event) -> list[Command]:
        match event:
            case Ended(side, clean) if side not in self._ended:
                self._ended.add(side)
                return [EndWrite(side.other, clean)]
            case WriteEnded(side):
                self._write_ended.add(side)
                if len(self._write_ended) == 2:
                    self.state = State.CLOSED
                    return [Close()]
            case TimedOut():
                return [CheckDelivery()]
            case Delivered(Delivery.NOTHING_SAID):
                return [Within(DELIVERY_SECONDS)]
            case Delivered(Delivery.SILENCE):
                return self._reset(Refuse(Reason.TIMEOUT))
            case Broken(refusal=Reason() as reason):
                return self._reset(Refuse(reason))
            case Broken():
                return self._reset()
        return []

    def _while_draining(self, event: Event) -> list[Command]:
        if isinstance(event, (Ended, Broken, TimedOut)):
            self.state = State.CLOSED
            return [Close()]
        return []

    def _against_terminal(self) -> Refuse | None:
        return against_terminal(self._terms, self._terminal.mark) if self._terminal else None

    def _against_engine(self) -> Refuse | None:
        return against_engine(self._terms, self._engine) if self._engine else None

    def _reset(self, *first: Command) -> list[Command]:
        self.state = State.CLOSED
        return [*first, Reset()]
