"""The thin shell around one `core.Connection`: its sockets, its timers, its bytes."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Protocol

from appliance.gate import core, greeting, steps
from appliance.gate.contained import contained
from appliance.gate.dial import Dial, Proven, Step
from appliance.gate.faults import refuses_our_certificate, words
from appliance.gate.greeting import Greeting
from appliance.gate.joint import Joint
from appliance.gate.link import Link, TlsLink
from appliance.gate.loop import Loop, Timer
from appliance.gate.patience import Patience
from appliance.gate.reasons import Reason
from appliance.gate.service import Service
from appliance.gate.sockets import acknowledged, unacknowledged
from appliance.gate.steps import Side
from appliance.gate.warm import Warm

if TYPE_CHECKING:
    from appliance.gate.calls import Calls


class Owner(Protocol):
    """Whoever has made the relay, and hears of it."""

    def closed(self, relay: Relay) -> None: ...
    def refused(self, relay: Relay, refusal: steps.Refuse) -> None: ...
    def broke(self, relay: Relay, side: Side, words: str) -> None: ...
    def met(self, relay: Relay, mark: str, terminal: ssl.SSLObject) -> None:
        """The terminal has shown a good certificate. mark: see `pins`."""


class Relay:
    """terminal: its LAN address. warm: the service's. number: by which it can be told from others."""

    def __init__(
        self,
        loop: Loop,
        service: Service,
        warm: Warm,
        sock: socket.socket,
        terminal: str,
        candidates: tuple[str, ...],
        owner: Owner,
        number: int = 0,
    ) -> None:
        self.number = number
        self.service = service
        self.terminal = terminal
        self.engine_address = ""
        """Empty until one was tried."""
        self._loop, self._warm = loop, warm
        may_hold = service.config.protocol == "tls"
        self._core = core.Connection(candidates, service.terms, may_hold=may_hold)
        self._owner = owner
        self._greeting = Greeting(loop, service.config.protocol, service.terminal_context, sock, self._greeted)
        self._dial: Dial | None = None
        """To the engine, until it is proven."""
        self._acknowledged = 0
        """By the engine's kernel, before the terminal had a say."""
        self._patience: Patience
        """Once the terminal is proven."""
        self._links: dict[Side, Link] = {}
        """Filled as each side is proven, empty again once closed."""
        self._joint: Joint | None = None
        """While both sides are joined."""
        self._calls: Calls | None = None
        """Where it matters what the terminal calls."""
        self._timer: Timer | None = None

    @property
    def transferred(self) -> tuple[int, int]:
        """Bytes that the terminal has sent, and the engine, as far as they have been read."""
        terminal, engine = self._links.get(Side.TERMINAL), self._links.get(Side.ENGINE)
        return terminal.received if terminal else 0, engine.received if engine else 0

    @property
    def is_push(self) -> bool:
        """A push channel, or a terminal that waits for one."""
        return self.service.config.protocol == "tls" and Side.TERMINAL in self._links and self._patience.is_push

    @property
    def is_held(self) -> bool:
        """There is no engine for it."""
        return self._core.state is core.State.HOLDING

    @contained
    def begin(self) -> None:
        self._do(self._core.begin())

    def close(self) -> None:
        """Reset both sides."""
        self._tell(steps.Ordered())

    def abandon(self) -> None:
        self.close()

    def judge(self, terms: steps.Terms) -> None:
        """These are its service's from now on."""
        self._tell(steps.NewTerms(terms))

    # ---- core ↔ shell ------------------------------------------------------------

    def _tell(self, event: steps.Event) -> None:
        self._do(self._core.handle(event))

    def _do(self, commands: list[steps.Command]) -> None:
        for command in commands:
            match command:
                case steps.Within(seconds):
                    self._within(seconds)
                case steps.Handshake():
                    self._greeting.begin()
                case steps.Connect(address):
                    self._connect(address)
                case steps.Relay():
                    self._begin_relaying()
                case steps.CheckDelivery():
                    self._check_delivery()
                case steps.Peek():
                    self._patience.peek()
                case steps.Hold():
                    self._hold()
                case steps.Leave():
                    self._leave_engine()
                case steps.Seek():
                    self._tell(steps.Found(self.service.candidates(None)))
                case steps.EndWrite(side, clean):
                    self._end_write(side, clean=clean)
                case steps.Refuse():
                    self._owner.refused(self, command)
                case steps.Drain():
                    self._greeting.drain()
                case steps.Reset():
                    self._close(abruptly=True)
                case steps.Close():
                    self._close(abruptly=False)

    def _within(self, seconds: float | None) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = None if seconds is None else self._loop.after(seconds, self._timed_out)

    @contained
    def _timed_out(self) -> None:
        self._tell(steps.TimedOut())

    def _close(self, *, abruptly: bool) -> None:
        self._within(None)
        to_engine, to_terminal = self.transferred
        self.service.bytes_to_engine += to_engine
        self.service.bytes_to_terminal += to_terminal
        if self._dial:
            self._dial.give_up()
        if engine := self._links.get(Side.ENGINE):
            engine.close(self._loop, abruptly=abruptly)
        self._greeting.close(abruptly=abruptly)
        self._links.clear()
        self._part()
        self._owner.closed(self)

    def _part(self) -> None:
        if self._joint:
            self._joint.stop()
            self._joint = None

    def _end_write(self, side: Side, *, clean: bool) -> None:
        if self._joint:
            self._joint.end_write(side, clean=clean)

    @contained
    def _greeted(self, step: greeting.Step) -> None:
        if isinstance(step, greeting.Met):
            self._links[Side.TERMINAL] = step.link
            self._patience = Patience(self._loop, step.link, self._tell)
            self._calls = self.service.calls_of(step.link, self.terminal)
            if step.mark is not None and isinstance(step.link, TlsLink):
                self._owner.met(self, step.mark, step.link.tls.object)
            self._tell(steps.TerminalProven(step.mark))
        else:
            self._tell(step)

    # ---- the engine ------------------------------------------------------------------

    def _connect(self, address: str) -> None:
        if self._dial:
            self._dial.give_up()
        self.engine_address = address
        if waiting := self._warm.take(address):
            self._links[Side.ENGINE] = waiting.link
            self._acknowledged = acknowledged(waiting.link.sock)
            self.service.had_waited += 1
            if self._calls is None:
                self._patience.record()
            self._tell(steps.EngineProven(waiting.shown, had_waited=True))
            return
        self._dial = Dial(self._loop, self.service, address, self._dialled)
        self._dial.begin()

    def _leave_engine(self) -> None:
        self._links.pop(Side.ENGINE).close(self._loop, abruptly=True)
        self._part()
        self._links[Side.TERMINAL].translate = None
        self._patience.hold()

    def _hold(self) -> None:
        if self._dial:
            self._dial.give_up()
        # What the daemon says of an engine does not concern a terminal that has none.
        self.engine_address = ""
        self._patience.hold()

    @contained
    def _dialled(self, step: Step) -> None:
        if isinstance(step, Proven):
            self._links[Side.ENGINE] = step.link
            self._tell(steps.EngineProven(step.shown))
        else:
            self._tell(step)

    def _check_delivery(self) -> None:
        sock = self._links[Side.ENGINE].sock
        if acknowledged(sock) > self._acknowledged:
            delivery = steps.Delivery.ACKNOWLEDGED
        elif unacknowledged(sock):
            delivery = steps.Delivery.SILENCE
            self._warm.distrust(self.engine_address)
        else:
            delivery = steps.Delivery.NOTHING_SAID
        self._tell(steps.Delivered(delivery, self._patience.asks_for_push))
        if delivery is steps.Delivery.ACKNOWLEDGED and self._calls is None:
            self._patience.forget()

    # ---- relaying ----------------------------------------------------------------------

    def _begin_relaying(self) -> None:
        terminal, engine = self._links[Side.TERMINAL], self._links[Side.ENGINE]
        self._joint = Joint(self._loop, terminal, engine, self)
        if self._calls:
            terminal.translate, engine.translate = self._from_terminal, self._from_engine
        else:
            self._patience.listen()
        heard = self._patience.end()
        terminal.received += len(heard)
        self._joint.begin(self._calls.from_terminal(heard) if self._calls and heard else heard)

    def moved(self, source: Link, *, is_first: bool) -> None:
        if self._calls:
            self._look_at_calls(self._calls)
        if is_first and isinstance(source, TlsLink) and source.side is Side.ENGINE and source.received:
            self._keep_session(source)
        elif is_first and not source.ended:
            # The first piece of a request, or only an engine's tickets: acknowledge them, because Nagle's algorithm
            # over there may hold back for it what comes next, the request's body or the answer.
            source.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    def _from_terminal(self, data: bytes) -> bytes:
        self._patience.note(data)
        return self._calls.from_terminal(data) if self._calls else data

    def _from_engine(self, data: bytes) -> bytes:
        if self._calls and (more := self._calls.from_engine(data)):
            self._links[Side.ENGINE].send_more(more)
        return data

    def _look_at_calls(self, calls: Calls) -> None:
        """Whether the terminal is to be heard now, and whether it was refused something."""
        terminal, engine = self._links[Side.TERMINAL], self._links[Side.ENGINE]
        was_held, terminal.held = terminal.held, calls.waits
        if was_held and not terminal.held and self._joint:
            self._joint.go_on(Side.TERMINAL)
        if calls.refused is not None and not engine.dead and self._joint:
            self._owner.refused(self, steps.Refuse(Reason.NOT_PERMITTED, calls.refused))
            self._joint.drop(Side.ENGINE)
            terminal.send_more(calls.answer())
            # Not at once: an end that meets the rest of a question would be a reset, and take the answer with it.
            self._loop.after(core.DRAIN_SECONDS, self._end_refused)

    @contained
    def _end_refused(self) -> None:
        """To the terminal it looks as if the engine had given that answer, and ended."""
        if self._joint and (engine := self._links.get(Side.ENGINE)):
            engine.ended = engine.clean = True
            self._loop.after(core.DRAIN_SECONDS, self.close)
            self._joint.settle()

    def _keep_session(self, engine: TlsLink) -> None:
        """With the first answer the tickets of TLS 1.3 have come, too."""
        if not engine.tls.object.session_reused:
            self.service.keep_session(self.engine_address, engine.tls.object.session)

    def ended(self, side: Side, clean: bool) -> None:
        self._tell(steps.Ended(side, clean))

    def write_ended(self, side: Side) -> None:
        self._tell(steps.WriteEnded(side))

    def broken(self, link: Link, error: OSError) -> None:
        refusal: Reason | None = None
        if link.side is Side.ENGINE and isinstance(error, ssl.SSLError) and refuses_our_certificate(error.reason or ""):
            # A TLS 1.3 server looks at our certificate only after the handshake is over for us.
            refusal = Reason.CLIENT_CERTIFICATE_REFUSED
        elif not self._links[link.side.other].ended and (link.side is Side.ENGINE or isinstance(error, ssl.SSLError)):
            # Terminals may leave without a word, and engines object to that; anything else shall not be a riddle.
            self._owner.broke(self, link.side, words(error))
        self._tell(steps.Broken(link.side, refusal))
