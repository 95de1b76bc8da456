"""Conversations whose packets are counted at both ends: what is sent and never arrives, is lost.

TCP mends its losses by itself and nobody would see them; but both ends' kernels count their segments.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from tests.lab.waiting import until

_INFO = struct.Struct("100xI32xII")
"""struct tcp_info of linux/tcp.h: tcpi_total_retrans, tcpi_segs_out, tcpi_segs_in."""
_NUMBER = struct.Struct("!Q")
EVERY = 0.05
"""Seconds between two packets of a flow, in each direction."""
_FILLING = bytes(200)


class Flow(Protocol):
    """name: what a failure calls it."""

    name: str

    def lost(self) -> int:
        """Packets sent so far and not arrived; those that are on their way count until they arrive."""

    def rest(self) -> None:
        """Send nothing from now on."""

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class _Sent:
    to: str
    number: int


class Datagrams:
    """Numbered UDP datagrams both ways between two connected sockets, each of which some machine made."""

    def __init__(self, name: str, one: socket.socket, other: socket.socket, during: Callable[[], str]) -> None:
        """during: what happens now, to be told of a datagram that is lost."""
        self.name = name
        self._sockets = (one, other)
        self._during = during
        self._missing: dict[_Sent, str] = {}
        self._lock = threading.Lock()
        self._resting, self._over = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._send), *map(self._receiver, ("one", "other"))]
        for thread in self._threads:
            thread.start()

    def _receiver(self, end: str) -> threading.Thread:
        return threading.Thread(target=self._receive, args=(end,))

    def _send(self) -> None:
        for number in itertools.count():
            if self._resting.wait(EVERY):
                return
            for from_, to in zip(self._sockets, ("other", "one"), strict=True):
                with self._lock:
                    self._missing[_Sent(to, number)] = self._during()
                # A refusal, which counts: the datagram does not arrive.
                with contextlib.suppress(OSError):
                    from_.send(_NUMBER.pack(number) + _FILLING)

    def _receive(self, end: str) -> None:
        own = self._sockets[("one", "other").index(end)]
        own.settimeout(0.2)
        while not self._over.is_set():
            try:
                data = own.recv(2048)
            except OSError:
                continue
            (number,) = _NUMBER.unpack_from(data)
            with self._lock:
                self._missing.pop(_Sent(end, number), None)

    def lost(self) -> int:
        with self._lock:
            return len(self._missing)

    def story(self) -> list[str]:
        """What happened while each was sent that did not arrive."""
        with self._lock:
            return sorted({f"to {sent.to}: {during}" for sent, during in self._missing.items()})

    def rest(self) -> None:
        self._resting.set()
        self._threads[0].join()

    def close(self) -> None:
        self.rest()
        self._over.set()
        for thread in self._threads:
            thread.join()
        for own in self._sockets:
            own.close()


class Stream:
    """A TCP connection: one asks, the other answers, one small packet each; `lost` compares the kernels' counts."""

    def __init__(self, name: str, asker: socket.socket, answerer: socket.socket, during: Callable[[], str]) -> None:
        self.name = name
        self._asker, self._answerer = asker, answerer
        self._during = during
        self._resting = threading.Event()
        self._end: str | None = None
        self._story: list[str] = []
        for own in (asker, answerer):
            own.settimeout(30)
            own.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._exchange(0)
        self._before: tuple[int, int] | None = None
        until(self._is_quiet, f"{name}: nothing is on its way")
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _exchange(self, number: int) -> None:
        for from_, to in ((self._asker, self._answerer), (self._answerer, self._asker)):
            from_.sendall(_NUMBER.pack(number))
            assert to.recv(_NUMBER.size, socket.MSG_WAITALL) == _NUMBER.pack(number)

    def _run(self) -> None:
        for number in itertools.count(1):
            if self._resting.wait(EVERY):
                return
            during, mended = self._during(), self._mended
            try:
                self._exchange(number)
                if self._mended != mended:
                    self._story.append(f"sent again: {during}")
            except (OSError, AssertionError) as error:
                self._end = f"{error!r}, {self._during()}"
                return

    @property
    def _mended(self) -> int:
        return sum(_info(own)[0] for own in (self._asker, self._answerer))

    def _difference(self) -> tuple[int, int]:
        (_, asked, heard), (_, answered, read) = map(_info, (self._asker, self._answerer))
        return asked - read, answered - heard

    def _is_quiet(self) -> bool:
        """No acknowledgement is on its way any more."""
        before, self._before = self._before, self._difference()
        return before == self._before

    def lost(self) -> int:
        """A connection that was ended has lost everything."""
        if self._end is not None or self._before is None:
            return 1_000_000
        return sum(abs(now - before) for now, before in zip(self._difference(), self._before, strict=True))

    def story(self) -> list[str]:
        """What happened while TCP had to send something again, lost or only late, and how it ended."""
        return [*self._story, *([self._end] if self._end else [])]

    def rest(self) -> None:
        self._resting.set()
        self._thread.join()

    def close(self) -> None:
        self.rest()
        self._asker.close()
        self._answerer.close()


def _info(connection: socket.socket) -> tuple[int, int, int]:
    """Segments sent again, sent at all, and received."""
    again, sent, received = _INFO.unpack(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _INFO.size))
    return again, sent, received
