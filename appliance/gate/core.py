"""One connection through the gate, as a state machine without sockets: events in, commands out.

    accepted → terminal's handshake → connecting → engine's handshake → relaying → closed
                     ↓                     ↓                ↓               ↓
              refused in TLS words        reset both sides  ←——————————————←

Where no engine is there, a terminal that asks for a push channel is held before connecting, and tried again; from a
connection that had been waiting and turns out to be dead it goes back there.

Nothing is sent towards an engine before the terminal has shown a valid certificate, and nothing that a terminal
says reaches an engine before the engine has proven itself.
"""

from __future__ import annotations

from enum import Enum

from appliance.gate.reasons import Reason
from appliance.gate.steps import (
    Broken,
    CheckDelivery,
    Close,
    Command,
    Connect,
    Connected,
    ConnectFailed,
    Delivered,
    Delivery,
    Drain,
    Ended,
    EndWrite,
    EngineFailed,
    EngineProven,
    Event,
    Found,
    Handshake,
    Hold,
    Leave,
    NewTerms,
    Ordered,
    Peek,
    Peeked,
    Refuse,
    Relay,
    Reset,
    Seek,
    Side,
    TerminalFailed,
    TerminalProven,
    Terms,
    TimedOut,
    Within,
    WriteEnded,
)
from appliance.pins import Identity

HANDSHAKE_SECONDS = 10.0
CONNECT_SECONDS = 3.0
"""For each address; then the next one is tried."""
DRAIN_SECONDS = 2.0
DELIVERY_SECONDS = 3.0
"""Within which an engine's kernel acknowledges something of what it is told on a connection that had been waiting: as
much time as `CONNECT_SECONDS` leaves to one that answers on none."""
PEEK_SECONDS = 1.0
"""In which a terminal must say what it wants, where there is no engine to hear it."""
RETRY_SECONDS = 2.0
HOLDS = 900
"""Times that an engine is looked for again: half an hour at least."""


class State(Enum):
    TERMINAL_HANDSHAKE = "terminal handshake"
    CONNECTING = "connecting"
    PEEKING = "peeking"
    HOLDING = "holding"
    ENGINE_HANDSHAKE = "engine handshake"
    RELAYING = "relaying"
    DRAINING = "draining"
    CLOSED = "closed"


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
    """candidates: proven engines in the order in which to try them.

    may_hold: a terminal that asks for a push channel waits while there is no engine. Its client tries less and less
    often, and after an outage would come back long after the engine.
    """

    def __init__(self, candidates: tuple[str, ...], terms: Terms, *, may_hold: bool = False) -> None:
        self.state = State.TERMINAL_HANDSHAKE
        self._candidates = list(candidates)
        self._terms = terms
        self._holds = HOLDS if may_hold else 0
        self._asks_for_push = False
        self._why = Reason.NO_PROVEN_ENGINE
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
            case State.PEEKING | State.HOLDING:
                return self._without_engine(event)
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
        if self._candidates:
            self.state = State.CONNECTING
            return [Within(CONNECT_SECONDS), Connect(self._candidates.pop(0))]
        self._why = why_not_the_last
        if not self._holds:
            return self._reset(Refuse(self._why))
        if self._asks_for_push:
            return self._hold()
        self.state = State.PEEKING
        return [Within(PEEK_SECONDS), Peek()]

    def _hold(self) -> list[Command]:
        self._holds -= 1
        self.state = State.HOLDING
        return [Hold(), Within(RETRY_SECONDS)]

    def _without_engine(self, event: Event) -> list[Command]:
        match event:
            case Peeked(asks_for_push) if self.state is State.PEEKING:
                self._asks_for_push = asks_for_push
                return self._hold() if asks_for_push else self._reset(Refuse(self._why))
            case TimedOut() if self.state is State.HOLDING:
                return [Seek()]
            case Found(candidates) if self.state is State.HOLDING:
                self._candidates = list(candidates)
                return self._connect_next(Reason.NO_PROVEN_ENGINE)
            case TimedOut():
                return self._reset(Refuse(self._why))
            case Broken(side=Side.TERMINAL):
                return self._reset()
        return []

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
            case Delivered(Delivery.SILENCE, True) if self._holds:
                self._engine = None
                self._asks_for_push = True
                return [Leave(), *self._connect_next(Reason.TIMEOUT)]
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
