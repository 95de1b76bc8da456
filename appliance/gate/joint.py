"""Two links that are joined: bytes move both ways, and the end of each stream is passed on behind its last byte."""

from __future__ import annotations

from functools import partial
from typing import Protocol

from appliance.gate.contained import contained
from appliance.gate.link import Link, SinkError
from appliance.gate.loop import READ, WRITE, Loop
from appliance.gate.steps import Side


class Owner(Protocol):
    """Whoever has joined the links, and hears of them; it may stop the joint whenever it is told something."""

    def ended(self, side: Side, clean: bool) -> None:
        """`side` will send no more and everything it sent has been passed on. clean: it said so, and was not cut."""

    def write_ended(self, side: Side) -> None:
        """The end of the stream has been passed on to `side`, or that side is gone after having said everything."""

    def broken(self, link: Link, error: OSError) -> None:
        """The connection failed before its end."""

    def moved(self, source: Link, *, is_first: bool) -> None:
        """Something may have come from `source` and been passed on. is_first: nothing had come before."""

    def abandon(self) -> None:
        """An error of ours: give up the connection."""


class Joint:
    """terminal, engine: their handlers, where they have any, are needed no more."""

    def __init__(self, loop: Loop, terminal: Link, engine: Link, owner: Owner) -> None:
        self._loop, self._owner = loop, owner
        self._links = {Side.TERMINAL: terminal, Side.ENGINE: engine}
        self._both_ways: tuple[tuple[Link, Link], ...] = ((terminal, engine), (engine, terminal))

    def begin(self, first: bytes = b"") -> None:
        """first: said by the terminal, for the engine, before they were joined."""
        terminal, engine = self._both_ways[0]
        for link, other in self._both_ways:
            if link.mask is not None:
                self._loop.handle_by(link.sock.fileno(), partial(self._ready, link, other))
        if first:
            engine.send(memoryview(first))
        # The request is most likely here already, and the kernel will not say so again.
        self._move(terminal, engine)
        self.settle()

    def stop(self) -> None:
        """Nothing more is moved or told; the links are the owner's again."""
        self._both_ways = ()

    def abandon(self) -> None:
        self._owner.abandon()

    def go_on(self, side: Side) -> None:
        """Hear `side`, which was held, once the others have had their turn."""
        self._loop.soon(partial(self._continue, self._links[side], self._links[side.other]))

    def drop(self, side: Side) -> None:
        """Say nothing more to `side`, and hear nothing more from it."""
        link = self._links[side]
        link.dead = True
        link.pending = memoryview(b"")
        self._mute(link)

    def end_write(self, side: Side, *, clean: bool) -> None:
        """Pass the end of the stream on to `side`, as good or as cut as it came."""
        link = self._links[side]
        if clean and not link.dead:
            link.ending = True
            return
        try:
            if not link.dead:
                link.cut()
        except OSError as error:
            self._broken(link, error)
        self._owner.write_ended(side)

    def settle(self) -> None:
        """After every event: pass on the ends of streams, and tell epoll what each side now waits for."""
        while self._pass_on_an_end():
            pass
        for link, other in self._both_ways:
            mask = 0 if link.ended or link.held or other.pending else READ
            if link.pending:
                mask |= WRITE
            if mask == link.mask or (link.mask is None and not mask):
                continue
            if link.mask is None:
                self._loop.watch(link.sock.fileno(), mask, partial(self._ready, link, other))
            else:
                self._loop.change(link.sock.fileno(), mask)
            link.mask = mask

    @contained
    def _ready(self, link: Link, other: Link, mask: int) -> None:
        if mask & WRITE:
            self._writable(link, other)
        if self._both_ways and mask & ~WRITE:
            self._readable(link, other)
        self.settle()

    def _writable(self, link: Link, other: Link) -> None:
        try:
            link.flush()
        except OSError as error:
            self._broken(link, error)
        if self._both_ways and not link.pending:
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
        if not self._both_ways:
            return
        self._owner.moved(source, is_first=is_first)
        if more:
            self._loop.soon(partial(self._continue, source, sink))

    @contained
    def _continue(self, source: Link, sink: Link) -> None:
        if self._both_ways:
            self._move(source, sink)
            self.settle()

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
            self._owner.write_ended(link.side)
        return done

    def _broken(self, link: Link, error: OSError) -> None:
        self._mute(link)
        link.pending = memoryview(b"")
        if not link.ended:
            self._owner.broken(link, error)
            return
        # It had said everything, and the other side must get to read it, which a reset would destroy. An engine
        # that closes before it has read everything does this.
        link.dead = True
        if link.ending:
            link.ending = False
            self._owner.write_ended(link.side)

    def _pass_on_an_end(self) -> bool:
        for link, other in self._both_ways:
            if link.ended and not link.told and not other.pending:
                link.told = True
                self._owner.ended(link.side, link.clean)
                return True
            if link.ending and not link.pending and self._end(link, other):
                return True
        return False

    def _mute(self, link: Link) -> None:
        if link.mask is not None:
            self._loop.forget(link.sock.fileno())
            link.mask = None
