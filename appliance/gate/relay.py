"""The thin shell around one `core.Connection`: its sockets, its timers, its bytes."""

from __future__ import annotations

import socket
import ssl
from functools import partial
from typing import TYPE_CHECKING, Protocol

from appliance.gate import core, greeting, steps
from appliance.gate.contained import contained
from appliance.gate.dial import Dial, Proven, Step
from appliance.gate.faults import refuses_our_certificate, words
from appliance.gate.greeting import Greeting
from appliance.gate.link import Link, SinkError, TlsLink
from appliance.gate.loop import READ, WRITE, Loop, Timer
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
    def met(self, relay: Relay, mark: str, terminal: ssl.SSLSocket) -> None:
        """The terminal has shown a good certificate. mark: see `pins`."""


class Relay:
    """terminal: its LAN address. warm: the service's."""

    def __init__(
        self,
        loop: Loop,
        service: Service,
        warm: Warm,
        sock: socket.socket,
        terminal: str,
        candidates: tuple[str, ...],
        owner: Owner,
    ) -> None:
        self.service = service
        self.terminal = terminal
        self.engine_address = ""
        """Empty until one was tried."""
        self._loop, self._warm = loop, warm
        may_hold = service.config.protocol == "tls"
        self._core = core.Connection(candidates, service.terms, may_hold=may_hold)
        self._owner = owner
        self._greeting = Greeting(loop, service, sock, self._greeted)
        self._dial: Dial | None = None
        """To the engine, until it is proven."""
        self._acknowledged = 0
        """By the engine's kernel, before the terminal had a say."""
        self._patience: Patience
        """Once the terminal is proven."""
        self._links: dict[Side, Link] = {}
        """Filled as each side is proven, empty again once closed."""
        self._both_ways: tuple[tuple[Link, Link], ...] = ()
        self._calls: Calls | None = None
        """Where it matters what the terminal calls."""
        self._timer: Timer | None = None

    @property
    def transferred(self) -> tuple[int, int]:
        """Bytes that the terminal has sent, and the engine, as far as they have been read."""
        terminal, engine = self._links.get(Side.TERMINAL), self._links.get(Side.ENGINE)
        return terminal.received if terminal else 0, engine.received if engine else 0

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
                    self._end_write(side, clean)
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
        self._both_ways = ()
        self._owner.closed(self)

    @contained
    def _greeted(self, step: greeting.Step) -> None:
        if isinstance(step, greeting.Met):
            self._links[Side.TERMINAL] = step.link
            self._patience = Patience(self._loop, step.link, self._tell)
            self._calls = self.service.calls_of(step.link, self.terminal)
            if step.mark is not None and isinstance(step.link, TlsLink):
                self._owner.met(self, step.mark, step.link.sock)
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
        self._both_ways = ()
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
        self._both_ways = ((terminal, engine), (engine, terminal))
        if self._calls:
            terminal.translate, engine.translate = self._calls.from_terminal, self._from_engine
        self._loop.handle_by(terminal.sock.fileno(), partial(self._ready, terminal, engine))
        self._loop.handle_by(engine.sock.fileno(), partial(self._ready, engine, terminal))
        if heard := self._patience.end():
            terminal.received += len(heard)
            engine.send(memoryview(self._calls.from_terminal(heard) if self._calls else heard))
        # The request is most likely here already, and the kernel will not say so again.
        self._move(terminal, engine)
        self._settle()

    @contained
    def _ready(self, link: Link, other: Link, mask: int) -> None:
        if mask & WRITE:
            self._writable(link, other)
        if self._links and mask & ~WRITE:
            self._readable(link, other)
        self._settle()

    def _writable(self, link: Link, other: Link) -> None:
        link.blocked = False
        try:
            link.flush()
        except OSError as error:
            self._broken(link, error)
        if self._links and not link.pending:
            self._move(other, link)

    def _readable(self, link: Link, other: Link) -> None:
        if not (link.ended or link.held or other.pending):
            self._move(link, other)
        else:
            # Nothing was asked for, so this is an error or a hang-up, which epoll would repeat for ever. Whoever reads
            # on, once the other side is ready for it, or writes, will meet it.
            self._mute(link)

    def _move(self, source: Link, sink: Link) -> None:
        is_first = not source.received
        more = False
        try:
            more = source.move(sink)
        except SinkError as error:
            self._broken(sink, error.cause)
        except OSError as error:
            self._broken(source, error)
        if not self._links:
            return
        if self._calls:
            self._look_at_calls(self._calls)
        if is_first and isinstance(source, TlsLink) and source.side is Side.ENGINE and source.received:
            self._keep_session(source)
        elif is_first and not source.ended:
            # The first piece of a request, or only an engine's tickets: acknowledge them, because Nagle's algorithm
            # over there may hold back for it what comes next, the request's body or the answer.
            source.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        if more:
            self._loop.soon(partial(self._continue, source, sink))

    def _from_engine(self, data: bytes) -> bytes:
        if self._calls and (more := self._calls.from_engine(data)):
            self._links[Side.ENGINE].send_more(more)
        return data

    def _look_at_calls(self, calls: Calls) -> None:
        """Whether the terminal is to be heard now, and whether it was refused something."""
        terminal, engine = self._links[Side.TERMINAL], self._links[Side.ENGINE]
        was_held, terminal.held = terminal.held, calls.waits
        if was_held and not terminal.held:
            self._loop.soon(partial(self._continue, terminal, engine))
        if calls.refused is not None and not engine.dead:
            self._owner.refused(self, steps.Refuse(Reason.NOT_PERMITTED, calls.refused))
            engine.dead = True
            engine.pending = memoryview(b"")
            self._mute(engine)
            terminal.send_more(calls.answer())
            # Not at once: an end that meets the rest of a question would be a reset, and take the answer with it.
            self._loop.after(core.DRAIN_SECONDS, self._end_refused)

    @contained
    def _end_refused(self) -> None:
        """To the terminal it looks as if the engine had given that answer, and ended."""
        if engine := self._links.get(Side.ENGINE):
            engine.ended = engine.clean = True
            self._loop.after(core.DRAIN_SECONDS, self.close)
            self._settle()

    @contained
    def _continue(self, source: Link, sink: Link) -> None:
        if self._links:
            self._move(source, sink)
            self._settle()

    def _keep_session(self, engine: TlsLink) -> None:
        """With the first answer the tickets of TLS 1.3 have come, too."""
        if not engine.sock.session_reused:
            self.service.keep_session(self.engine_address, engine.sock.session)

    def _end_write(self, side: Side, clean: bool) -> None:
        link = self._links[side]
        if clean and not link.dead:
            link.ending = True
            return
        try:
            if not link.dead:
                link.cut()
        except OSError as error:
            self._broken(link, error)
        self._tell(steps.WriteEnded(side))

    def _end(self, link: Link, other: Link) -> bool:
        """Try to end the stream towards `link`. False: its moment has not come."""
        try:
            done = (link.ended or link.move_all(other)) and link.end()
        except SinkError as error:
            self._broken(other, error.cause)
            return True
        except OSError as error:
            self._broken(link, error)
            return True
        if done:
            link.ending = False
            self._tell(steps.WriteEnded(link.side))
        return done

    def _broken(self, link: Link, error: OSError) -> None:
        self._mute(link)
        link.pending, link.blocked = memoryview(b""), False
        if link.ended:
            # It had said everything, and the other side must get to read it, which a reset would destroy. An engine
            # that closes before it has read everything does this.
            link.dead = True
            if link.ending:
                link.ending = False
                self._tell(steps.WriteEnded(link.side))
            return
        refusal: Reason | None = None
        if link.side is Side.ENGINE and isinstance(error, ssl.SSLError) and refuses_our_certificate(error.reason or ""):
            # A TLS 1.3 server looks at our certificate only after the handshake is over for us.
            refusal = Reason.CLIENT_CERTIFICATE_REFUSED
        elif not self._links[link.side.other].ended and (link.side is Side.ENGINE or isinstance(error, ssl.SSLError)):
            # Terminals may leave without a word, and engines object to that; anything else shall not be a riddle.
            self._owner.broke(self, link.side, words(error))
        self._tell(steps.Broken(link.side, refusal))

    def _settle(self) -> None:
        """After every event: pass on the ends of streams, and tell epoll what each side now waits for."""
        while self._pass_on_an_end():
            pass
        for link, other in self._both_ways:
            mask = 0 if link.ended or link.held or other.pending else READ
            if link.pending or link.blocked:
                mask |= WRITE
            if mask == link.mask or (link.mask is None and not mask):
                continue
            if link.mask is None:
                self._loop.watch(link.sock.fileno(), mask, partial(self._ready, link, other))
            else:
                self._loop.change(link.sock.fileno(), mask)
            link.mask = mask

    def _pass_on_an_end(self) -> bool:
        for link, other in self._both_ways:
            if link.ended and not link.told and not other.pending:
                link.told = True
                self._tell(steps.Ended(link.side, link.clean))
                return True
            if link.ending and not link.blocked and self._end(link, other):
                return True
        return False

    def _mute(self, link: Link) -> None:
        if link.mask is not None:
            self._loop.forget(link.sock.fileno())
            link.mask = None
