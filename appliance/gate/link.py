"""One of the two connections that a relay joins, and the moving of bytes between them."""

from __future__ import annotations

import contextlib
import errno
import socket
import ssl
from abc import ABC, abstractmethod
from collections.abc import Callable

from appliance.gate.loop import Loop
from appliance.gate.sockets import reset
from appliance.gate.steps import Side
from appliance.gate.tls import RECORD, TlsStream

_FULL = 3 * RECORD
_BUFFER = bytearray(_FULL)
"""Shared by all connections: bytes stay in it only until they are handed on, in the same turn."""
_VIEW = memoryview(_BUFFER)
_TURN = 16
"""Buffers to move before others get their turn: 768 KiB at most."""
_WORTH_MORE = _FULL // 2
"""So much was there that a try to read on is most likely not in vain."""
_IDLE_TALK = _FULL
"""Bytes of TLS in a row that hold nothing for the other side: more has no purpose but to keep the gate busy."""


class Link(ABC):
    """sock: non-blocking; whatever has to come before the terminal's and the engine's own words is over.

    pending: what could not be sent to this side yet, as it goes over the wire; at most one buffer and what TLS adds to
    it, because nothing is read from the other side while there is any. ended: this side will send no more; clean: it
    said so, and was not cut.
    """

    __slots__ = (
        *("clean", "dead", "ended", "ending", "held", "mask", "pending", "received", "side", "sock", "told"),
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
            # After less, a try to read on would most likely be in vain, and cost more than epoll.
            if self._move_buffer(sink) < _WORTH_MORE or sink.pending or self.ended or self.held:
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
        if not self.dead:
            self._put(self._seal(data))

    def _put(self, data: memoryview) -> None:
        """The same, below TLS."""
        write = self.sock.send
        sent, size = 0, len(data)
        try:
            while sent < size:
                sent += write(data[sent:])
        except BlockingIOError:
            self.pending = memoryview(bytes(data[sent:]))

    def send_more(self, data: bytes) -> None:
        """The same, behind whatever is pending. Raises OSError."""
        if self.pending:
            self.pending = memoryview(bytes(self.pending) + self._seal(memoryview(data)))
        else:
            self.send(memoryview(data))

    def flush(self) -> None:
        """Send what is pending. Raises OSError."""
        data, self.pending = self.pending, memoryview(b"")
        self._put(data)

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
    def _seal(self, data: memoryview) -> memoryview:
        """`data` as it goes over the wire. Raises OSError."""

    @abstractmethod
    def recv(self, size: int) -> bytes:
        """As a socket's. Raises OSError; SSLWantReadError, BlockingIOError: there is nothing."""

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
    """tls: on `sock`, handshake done."""

    __slots__ = ("_has_said_farewell", "_idle_talk", "_is_full", "tls")

    def __init__(self, side: Side, sock: socket.socket, tls: TlsStream, mask: int | None) -> None:
        super().__init__(side, sock, mask)
        self.tls = tls
        self._is_full = False
        """The last read has filled the buffer, and perhaps not taken everything."""
        self._idle_talk = 0
        """Bytes since the last that held something for the other side."""
        self._has_said_farewell = False

    def _fill(self) -> int:
        filled = 0
        tls = self.tls
        self._idle_talk += self.tls.feed()
        try:
            while filled < _FULL:
                count = int(tls.read(_FULL - filled, _VIEW[filled:]))
                if not count:
                    self.ended = self.clean = True
                    break
                filled += count
                # An exception costs more than the question. The end of a stream that was cut is left to another read,
                # which epoll announces: after it OpenSSL says nothing more, and what came before may be answered yet.
                if tls.is_drained:
                    break
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:
            self.ended = self.clean = True
        except ssl.SSLEOFError:
            self.ended = True
        except ssl.SSLError:
            with contextlib.suppress(OSError):
                # The alert that says why.
                self.send_more(b"")
            raise
        self._is_full = filled == _FULL
        if filled:
            self._idle_talk = 0
        elif self._idle_talk > _IDLE_TALK:
            raise ConnectionAbortedError(errno.ECONNABORTED, "nothing but TLS's own messages")
        if self.tls.has_to_say:
            self.send_more(b"")
        return filled

    def _seal(self, data: memoryview) -> memoryview:
        return memoryview(self.tls.seal(data))

    def recv(self, size: int) -> bytes:
        return self.tls.recv(size)

    def _hides_more(self) -> bool:
        return self._is_full

    def cut(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def end(self) -> bool:
        """With close_notify. While this side still speaks, the caller moves first what has come from it."""
        if not self._has_said_farewell:
            self._has_said_farewell = True
            self.ended = self.tls.farewell() or self.ended
            self.send_more(b"")
        if self.pending:
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

    def _seal(self, data: memoryview) -> memoryview:
        return data

    def recv(self, size: int) -> bytes:
        return self.sock.recv(size)

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
