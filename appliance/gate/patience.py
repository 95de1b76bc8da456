"""A terminal for which there is no engine: what it wants is looked at, and it may wait."""

from __future__ import annotations

import ssl
from collections.abc import Callable

from appliance.gate import push, steps
from appliance.gate.contained import contained
from appliance.gate.link import Link
from appliance.gate.loop import LEFT, READ, Loop
from appliance.gate.steps import Side


class Patience:
    """terminal: proven, watched for its loss only. tell: hears `Peeked`, and that it has left (`Broken`)."""

    def __init__(self, loop: Loop, terminal: Link, tell: Callable[[steps.Peeked | steps.Broken], None]) -> None:
        self._loop, self._terminal, self._tell = loop, terminal, tell
        self._heard = b""
        self._ear = push.Ear()

    @property
    def is_push(self) -> bool:
        """Whether the terminal has asked for a push channel, as far as is known by now."""
        return self._ear.heard_push

    def listen(self) -> None:
        """From now on, hear what the terminal asks for; nothing is kept."""
        if self._terminal.translate is None and self._ear.is_listening:
            self._terminal.translate = self._listen

    def note(self, data: bytes) -> None:
        """The terminal has said this."""
        self._ear.hear(data)

    def peek(self) -> None:
        """What it says first is kept."""
        self._loop.change(self._terminal.sock.fileno(), READ)
        self._loop.handle_by(self._terminal.sock.fileno(), self._peek)
        # It is most likely here already, and the kernel will not say so again.
        self._peek(0)

    def hold(self) -> None:
        self._loop.change(self._terminal.sock.fileno(), LEFT)
        self._loop.handle_by(self._terminal.sock.fileno(), self._left)

    def end(self) -> bytes:
        """The engine is there: what the terminal has said, which no engine has heard. Its loss is watched as before."""
        if self._heard:
            self._loop.change(self._terminal.sock.fileno(), 0)
            self._terminal.mask = 0
        return self._heard

    def record(self) -> None:
        """From now on, keep what the terminal says to the engine, for as long as nobody knows whether it hears."""
        self._terminal.translate = self._record

    @property
    def asks_for_push(self) -> bool:
        """Whether that is all that it has said."""
        return push.asks_for_push(self._heard) and len(self._heard) < push.LONGEST_HEAD

    def forget(self) -> None:
        self._terminal.translate, self._heard = None, b""
        self.listen()

    def _listen(self, data: bytes) -> bytes:
        self._ear.hear(data)
        if not self._ear.is_listening:
            self._terminal.translate = None
        return data

    def _record(self, data: bytes) -> bytes:
        self._ear.hear(data)
        if len(self._heard) < push.LONGEST_HEAD:
            self._heard += data
        return data

    def abandon(self) -> None:
        self._tell(steps.Broken(Side.TERMINAL))

    @contained
    def _peek(self, _: int) -> None:
        try:
            data = self._terminal.recv(push.LONGEST_HEAD)
        except ssl.SSLWantReadError:
            return
        except OSError:
            data = b""
        self._heard += data
        self._ear.hear(data)
        if not data:
            self._tell(steps.Broken(Side.TERMINAL))
        elif push.is_whole(self._heard):
            self._tell(steps.Peeked(push.asks_for_push(self._heard)))

    @contained
    def _left(self, _: int) -> None:
        self._tell(steps.Broken(Side.TERMINAL))
