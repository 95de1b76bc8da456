"""One browser's connection to the router's page: TLS here, and from here on to the page's process.

Where there is no TLS, or no process that would answer, calls are answered by what stands here alone
(`page_calls`): then what the browser is joined with says nothing.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable

from appliance.gate import greeting, steps
from appliance.gate.contained import contained
from appliance.gate.core import DRAIN_SECONDS, HANDSHAKE_SECONDS
from appliance.gate.greeting import Greeting
from appliance.gate.joint import Joint
from appliance.gate.link import Link, PlainLink
from appliance.gate.loop import Loop, Timer
from appliance.gate.page_calls import PageCalls, Redirect
from appliance.gate.steps import Side

PATIENCE_SECONDS = 30.0
"""In which a browser must ask something, or read something of what it is told."""

LEAST_OF_A_QUESTION = 65536
"""Bytes of a long question in that time."""


class PageRelay:
    """greet: makes its greeting. dial: a connected socket to the page's process, None where that cannot be had. calls:
    made once it is known whether there is one. over: called at the end."""

    def __init__(
        self,
        loop: Loop,
        greet: Callable[[Callable[[greeting.Step], None]], Greeting],
        dial: Callable[[], socket.socket | None],
        calls: Callable[[Link, bool], PageCalls | Redirect],
        over: Callable[[PageRelay], None],
    ) -> None:
        self._loop, self._dial, self._make_calls, self._over = loop, dial, calls, over
        self._greeting = greet(self._greeted)
        self._calls: PageCalls | Redirect
        """Once the browser's TLS stands."""
        self._links: dict[Side, Link] = {}
        self._silence: socket.socket | None = None
        """The other end of what the browser is joined with, where no process is."""
        self._joint: Joint | None = None
        self._write_ended: set[Side] = set()
        self._is_over = False
        self._seen = (0, 0, 0)
        self._timer: Timer

    @contained
    def begin(self) -> None:
        self._timer = self._loop.after(HANDSHAKE_SECONDS, self.close)
        self._greeting.begin()

    def close(self) -> None:
        """Reset both sides."""
        self._close(abruptly=True)

    def abandon(self) -> None:
        self.close()

    # ---- the beginning ---------------------------------------------------------------

    @contained
    def _greeted(self, step: greeting.Step) -> None:
        match step:
            case greeting.Met(link, _):
                self._join(link)
            case steps.TerminalFailed():
                self._greeting.drain()
                self._within(DRAIN_SECONDS)
            case steps.Ended():
                self._close(abruptly=False)
            case _:
                self.close()

    def _join(self, terminal: Link) -> None:
        sock = self._dial()
        self._calls = self._make_calls(terminal, sock is not None)
        if sock is None:
            sock, self._silence = socket.socketpair()
            sock.setblocking(False)
        engine = PlainLink(Side.ENGINE, sock, None)
        self._links = {Side.TERMINAL: terminal, Side.ENGINE: engine}
        terminal.translate, engine.translate = self._calls.from_terminal, self._from_page
        self._joint = Joint(self._loop, terminal, engine, self)
        self._timer.cancel()
        self._timer = self._loop.after(PATIENCE_SECONDS, self._look)
        self._joint.begin()

    # ---- what the joint tells --------------------------------------------------------

    def moved(self, source: Link, *, is_first: bool) -> None:
        terminal, engine = self._links[Side.TERMINAL], self._links[Side.ENGINE]
        if self._joint is None:
            return
        was_held, terminal.held = terminal.held, self._calls.waits
        if was_held and not terminal.held:
            self._joint.go_on(Side.TERMINAL)
        if self._calls.refused is not None and not engine.dead:
            self._answer_ourselves(self._calls.answer())

    def ended(self, side: Side, clean: bool) -> None:
        if side is Side.ENGINE:
            self._page_is_away()
        if self._joint:
            self._joint.end_write(side.other, clean=clean)

    def write_ended(self, side: Side) -> None:
        self._write_ended.add(side)
        if len(self._write_ended) == 2:
            self._close(abruptly=False)

    def broken(self, link: Link, error: OSError) -> None:
        if link.side is Side.TERMINAL or not self._page_is_away():
            self.close()

    def _from_page(self, data: bytes) -> bytes:
        if more := self._calls.from_engine(data):
            self._links[Side.ENGINE].send_more(more)
        return data

    def _page_is_away(self) -> bool:
        """Whether the browser is told so, in the place of an answer that never began."""
        if self._links[Side.ENGINE].dead:
            return False
        said = self._calls.left_alone() if isinstance(self._calls, PageCalls) else b""
        if said:
            self._answer_ourselves(said)
        return bool(said)

    def _answer_ourselves(self, answer: bytes) -> None:
        if self._joint is None:
            return
        self._joint.drop(Side.ENGINE)
        with contextlib.suppress(OSError):  # Its loss is noticed next.
            self._links[Side.TERMINAL].send_more(answer)
        # Not at once: an end that meets the rest of a question would be a reset, and take the answer with it.
        self._within(DRAIN_SECONDS, self._end_answered)

    @contained
    def _end_answered(self) -> None:
        """To the browser it looks as if the page had given that answer, and ended."""
        if self._joint:
            engine = self._links[Side.ENGINE]
            engine.ended = engine.clean = True
            self._within(DRAIN_SECONDS)
            self._joint.settle()

    # ---- the end ---------------------------------------------------------------------

    def _look(self) -> None:
        """Who asks nothing, and who does not read, leaves room for others."""
        terminal, engine = self._links[Side.TERMINAL], self._links[Side.ENGINE]
        asked = self._calls.questions if isinstance(self._calls, PageCalls) else 0
        seen = (asked, engine.received, terminal.received // LEAST_OF_A_QUESTION)
        if seen == self._seen and (terminal.pending or not self._calls.waits):
            self.close()
        else:
            self._seen = seen
            self._timer = self._loop.after(PATIENCE_SECONDS, self._look)

    def _within(self, seconds: float, then: Callable[[], None] | None = None) -> None:
        self._timer.cancel()
        self._timer = self._loop.after(seconds, then or self.close)

    def _close(self, *, abruptly: bool) -> None:
        if self._is_over:
            return
        self._is_over = True
        self._timer.cancel()
        if self._joint:
            self._joint.stop()
            self._joint = None
        if engine := self._links.get(Side.ENGINE):
            engine.close(self._loop, abruptly=abruptly)
        if self._silence:
            self._silence.close()
        self._greeting.close(abruptly=abruptly)
        self._over(self)
