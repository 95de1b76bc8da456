"""A door from this host's loopback into the world: for a browser, for a scraper."""

from __future__ import annotations

import contextlib
import socket
import threading

from tests.lab.machine import Machine

_MOST_CONNECTIONS = 64
_CHUNK = 1 << 16


class Relay:
    """Listens on 127.0.0.1:`port` and connects each caller to (address, port) as seen from `machine`."""

    def __init__(self, machine: Machine, address: str, port: int) -> None:
        self._machine = machine
        self._target = (address, port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._free = threading.BoundedSemaphore(_MOST_CONNECTIONS)
        self._open: set[socket.socket] = set()
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, name=f"relay {self.port}", daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listener.accept()
                if not self._free.acquire(blocking=False):
                    caller.close()
                    continue
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        try:
            with caller, self._machine.connect(*self._target) as callee:
                callee.settimeout(None)
                self._open |= {caller, callee}
                back = threading.Thread(target=_pump, args=(callee, caller), daemon=True)
                back.start()
                _pump(caller, callee)
                back.join()
                self._open -= {caller, callee}
        except OSError:
            # The target refuses: the caller sees its connection end, as he would without us.
            pass
        finally:
            self._free.release()

    def close(self) -> None:
        """Stop listening and end every connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)
