"""The connections that wait for terminals (`reserve`): their sockets, their timers."""

from __future__ import annotations

import ssl
import sys
import time
from collections.abc import Collection
from functools import partial

from appliance.gate import core, reserve, steps
from appliance.gate.contained import contained
from appliance.gate.dial import Dial, Proven, Step
from appliance.gate.link import TlsLink
from appliance.gate.loop import Loop, Timer
from appliance.gate.reasons import NETWORK
from appliance.gate.service import Service
from appliance.gate.sockets import PATIENT, WAITING, keep_alive

_TICK_SECONDS = 1.0
_OPENING_SECONDS = core.CONNECT_SECONDS + 2.0


class Warm:
    """The reserves of one service, one for each proven engine."""

    def __init__(self, loop: Loop, service: Service) -> None:
        self._loop, self._service = loop, service
        self._engines: dict[str, _Engine] = {}

    @property
    def waiting(self) -> int:
        """Connections that a terminal could have at once."""
        return sum(engine.waiting for engine in self._engines.values())

    def take(self, address: str) -> Proven | None:
        """A connection to the engine for one terminal's; None when none waits. Either way it was wanted, and that is
        what their number follows."""
        if address not in self._service.config.upstreams:
            return None
        if address not in self._engines:
            self._engines[address] = _Engine(self._loop, self._service, address)
        return self._engines[address].take()

    def distrust(self, address: str | None = None) -> None:
        """Drop what waits for this engine (None: any), and prove anew what is still wanted."""
        for engine in self._engines.values():
            if address in (None, engine.address):
                engine.distrust()

    def keep_only(self, addresses: Collection[str]) -> None:
        for address in self._engines.keys() - set(addresses):
            self._engines.pop(address).close()

    def close(self) -> None:
        self.keep_only(())


class _Engine:
    def __init__(self, loop: Loop, service: Service, address: str) -> None:
        self.address = address
        self._loop, self._service = loop, service
        self._core = reserve.Reserve()
        self._opening: dict[int, tuple[Dial, Timer]] = {}
        self._waiting: dict[int, Proven] = {}
        self._handed: Proven | None = None
        self._tick: Timer | None = None

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def take(self) -> Proven | None:
        while True:
            self._tell(reserve.Asked(time.monotonic()))
            handed, self._handed = self._handed, None
            if handed is None or _is_quiet(handed.link):
                break
            handed.link.close(self._loop, abruptly=True)
        if handed is not None:
            keep_alive(handed.link.sock, PATIENT)
        return handed

    def distrust(self) -> None:
        self._tell(reserve.Distrusted(time.monotonic()))

    def close(self) -> None:
        """For good."""
        if self._tick:
            self._tick.cancel()
        for number in (*self._opening, *self._waiting):
            self._drop(number)

    def abandon(self) -> None:
        """Without a reserve all goes on, only slower."""
        self.close()
        self._core, self._tick = reserve.Reserve(), None

    def _tell(self, event: reserve.Event) -> None:
        for command in self._core.handle(event):
            match command:
                case reserve.Open(number):
                    self._open(number)
                case reserve.Hand(number):
                    self._handed = self._waiting.pop(number)
                case reserve.Drop(number):
                    self._drop(number)
        if self._tick is None and self._core.is_active:
            self._tick = self._loop.after(_TICK_SECONDS, self._ticked)

    @contained
    def _ticked(self) -> None:
        self._tick = None
        self._tell(reserve.Tick(time.monotonic()))

    def _open(self, number: int) -> None:
        dial = Dial(self._loop, self._service, self.address, partial(self._step, number))
        self._opening[number] = dial, self._loop.after(_OPENING_SECONDS, partial(self._failed, number))
        # Whoever has asked goes first.
        self._loop.soon(partial(self._begin, number))

    @contained
    def _begin(self, number: int) -> None:
        if number in self._opening:
            self._opening[number][0].begin()

    def _drop(self, number: int) -> None:
        if number in self._waiting:
            self._waiting.pop(number).link.close(self._loop, abruptly=True)
        else:
            dial, timer = self._opening.pop(number)
            dial.give_up()
            timer.cancel()

    @contained
    def _step(self, number: int, step: Step) -> None:
        match step:
            case steps.ConnectFailed():
                self._failed(number)
            case steps.EngineFailed(reason, detail):
                if reason not in NETWORK:
                    self._complain(steps.Refuse(reason, detail))
                self._failed(number)
            case Proven(link, shown):
                if refusal := core.against_engine(self._service.terms, shown):
                    self._complain(refusal)
                    link.close(self._loop, abruptly=True)
                    self._failed(number)
                else:
                    self._wait(number, step)

    def _wait(self, number: int, proven: Proven) -> None:
        _, timer = self._opening.pop(number)
        timer.cancel()
        self._waiting[number] = proven
        keep_alive(proven.link.sock, WAITING)
        self._loop.handle_by(proven.link.sock.fileno(), partial(self._stirred, number))
        self._tell(reserve.Opened(time.monotonic(), number))

    @contained
    def _failed(self, number: int) -> None:
        self._drop(number)
        self._tell(reserve.Failed(time.monotonic(), number))

    @contained
    def _stirred(self, number: int, _: int) -> None:
        """By tickets of TLS 1.3, or by the end: nobody has asked for anything else."""
        link = self._waiting[number].link
        if _is_quiet(link):
            if not link.tls.object.session_reused:
                self._service.keep_session(self.address, link.tls.object.session)
            return
        self._drop(number)
        self._tell(reserve.Lost(time.monotonic(), number))

    def _complain(self, refusal: steps.Refuse) -> None:
        print(
            f"none in reserve at {self.address} for {self._service.config.name}: {refusal.reason} ({refusal.detail})",
            file=sys.stderr,
            flush=True,
        )


def _is_quiet(link: TlsLink) -> bool:
    """Whether the engine still holds the connection, and has said nothing but what belongs to TLS."""
    try:
        link.recv(1)
    except ssl.SSLWantReadError:
        return True
    except OSError:
        pass
    return False
