"""One of the two connections that a relay joins, and the moving of bytes between them."""

from __future__ import annotations

import errno
import os
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable

from appliance.gate.loop import Loop
from appliance.gate.sockets import farewell, reset
from appliance.gate.steps import Side

RECORD = 16384
"""The most that one TLS record, and so one read, can hold (RFC 8446 section 5.1)."""
_FULL = 4 * RECORD
_BUFFER = bytearray(_FULL)
"""Shared by all connections: bytes stay in it only until they are handed to OpenSSL, in the same turn."""
_VIEW = memoryview(_BUFFER)
_NOT_NOW = (ssl.SSLWantWriteError, ssl.SSLWantReadError, BlockingIOError)
_TURN = 16
"""Buffers to move before others get their turn: 1 MiB."""


class Link(ABC):
    """sock: non-blocking; whatever has to come before the terminal's and the engine's own words is over.

    pending: what could not be sent to this side yet; at most one buffer, because nothing is read from the other
    side while there is any. ended: this side will send no more; clean: it said so, and was not cut.
    """

    __slots__ = (
        *("blocked", "clean", "dead", "ended", "ending", "held", "mask", "pending", "received", "side", "sock", "told"),
        "translate",
    )

    def __init__(self, side: Side, sock: socket.socket, mask: int | None) -> None:
        self.side = side
        self.sock = sock
        self.mask = mask
        """The event mask registered now; None: not registered."""
        self.pending = memoryview(b"")
        self.ended = False
        self.clean = False
        self.told = False
        """Its end has been passed on."""
        self.ending = False
        """An `end` waits for its moment."""
        self.blocked = False
        """OpenSSL wants to write before it goes on with a read or an end."""
        self.dead = False
        """It broke after it had ended: what is sent to it now goes nowhere."""
        self.received = 0
        self.held = False
        """Nothing is to be read from here for now."""
        self.translate: Callable[[bytes], bytes] | None = None
        """What was read here → what to send to the other side. It may raise OSError, as a failure of this side."""

    def move(self, sink: Link) -> bool:
        """Read from here and send there, for one turn. True: more waits where epoll does not see it.

        Raises OSError for a failure of this side, `SinkError` for one of the other.
        """
        if sink.pending or self.ended or self.held:
            return False
        for _ in range(_TURN):
            # After less than a full buffer, a try to read on would most likely be in vain, and cost more than epoll.
            if self._move_buffer(sink) < _FULL or sink.pending or self.ended or self.held:
                break
        return not (sink.pending or self.held) and self._hides_more()

    def move_all(self, sink: Link) -> bool:
        """The same until there is nothing left to read. False: `sink` blocks, so that more may wait here."""
        while not (sink.pending or self.ended or self.held) and self._move_buffer(sink):
            pass
        return not sink.pending

    def _move_buffer(self, sink: Link) -> int:
        """Read until the buffer is full or there was less than there could be, and send that. Returns the bytes."""
        filled = self._fill()
        if filled:
            self.received += filled
            data = _VIEW[:filled]
            if self.translate is not None:
                data = memoryview(self.translate(bytes(data)))
            try:
                sink.send(data)
            except OSError as error:
                raise SinkError(error) from error
        return filled

    def send(self, data: memoryview) -> None:
        """Send what can be sent, keep the rest as `pending`. Raises OSError."""
        if self.dead:
            return
        write = self.sock.send
        sent, size = 0, len(data)
        try:
            while sent < size:
                sent += write(data[sent:])
        except _NOT_NOW:
            # OpenSSL wants the same bytes again at the next attempt (SSL_write(3)), so none may be lost.
            self.pending = memoryview(bytes(data[sent:]))

    def send_more(self, data: bytes) -> None:
        """The same, behind whatever is pending. Raises OSError."""
        if self.pending:
            self.pending = memoryview(bytes(self.pending) + data)
        else:
            self.send(memoryview(data))

    def flush(self) -> None:
        """Send what is pending. Raises OSError."""
        data, self.pending = self.pending, memoryview(b"")
        self.send(data)

    def close(self, loop: Loop, *, abruptly: bool) -> None:
        if self.sock.fileno() >= 0:
            loop.forget(self.sock.fileno())
        if abruptly:
            reset(self.sock)
        else:
            self.sock.close()

    # ---- what depends on whether there is TLS --------------------------------------

    @abstractmethod
    def _fill(self) -> int:
        """Read into the buffer, as in `_move_buffer`; note the end. Raises OSError."""

    @abstractmethod
    def _hides_more(self) -> bool:
        """Whether something waits to be read of which epoll knows nothing."""

    @abstractmethod
    def cut(self) -> None:
        """End the stream towards this side as one that was cut. Raises OSError."""

    @abstractmethod
    def end(self) -> bool:
        """End the stream towards this side well. False: call again once writable. Raises OSError."""


class TlsLink(Link):
    """sock: handshake done, ragged ends not suppressed."""

    __slots__ = ("_farewell",)
    sock: ssl.SSLSocket

    def __init__(self, side: Side, sock: ssl.SSLSocket, mask: int | None) -> None:
        super().__init__(side, sock, mask)
        self._farewell: bytes | None = None
        """What is still to be sent of the close_notify; None: there is none yet."""

    def _fill(self) -> int:
        filled = 0
        receive = self.sock.recv_into
        try:
            while filled < _FULL:
                count = receive(_VIEW[filled:], RECORD)
                filled += count
                if count < RECORD:
                    if not count:
                        self.ended = self.clean = True
                    break
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLWantWriteError:
            self.blocked = True
        except ssl.SSLZeroReturnError:
            self.ended = self.clean = True
        except ssl.SSLEOFError as error:
            if error.reason != "UNEXPECTED_EOF_WHILE_READING":
                # Python before 3.11.9 tells a reset in these words.
                raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error
            self.ended = True
        return filled

    def _hides_more(self) -> bool:
        return self.sock.pending() > 0

    def cut(self) -> None:
        socket.socket.shutdown(self.sock, socket.SHUT_WR)

    def end(self) -> bool:
        """With close_notify. While this side still speaks, the caller moves first what has come from it."""
        if self._farewell is None:
            self._farewell, is_over = farewell(self.sock)
            self.ended = self.ended or is_over
        try:
            # Below TLS: it is a record already.
            while self._farewell:
                self._farewell = self._farewell[socket.socket.send(self.sock, self._farewell) :]
        except BlockingIOError:
            self.blocked = True
            return False
        self.cut()
        return True


class PlainLink(Link):
    """Without TLS: a FIN is a good end, and a stream that was cut can only be told by a reset."""

    __slots__ = ()

    def _fill(self) -> int:
        try:
            filled = self.sock.recv_into(_VIEW)
        except BlockingIOError:
            return 0
        if not filled:
            self.ended = self.clean = True
        return filled

    def _hides_more(self) -> bool:
        return False

    def cut(self) -> None:
        raise ConnectionResetError(errno.ECONNRESET, "the other side was cut")

    def end(self) -> bool:
        self.sock.shutdown(socket.SHUT_WR)
        return True


class SinkError(Exception):
    """The side that was written to has failed."""

    def __init__(self, cause: OSError) -> None:
        super().__init__(cause)
        self.cause = cause
