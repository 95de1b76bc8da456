"""Work that is done in a process of its own, so that what it imports and parses is not in the daemon.

The daemon carries neither the libraries that read accounts and settings nor the remains of their work, and bytes
from outside are parsed where no connection and no loop of the router's is. Each call has its own process, which ends
with it; `fork_server` says where they come from.
"""

from __future__ import annotations

import pickle
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from time import monotonic
from typing import Any

from appliance.control import fork_server
from appliance.errors import SekishoError

LIMIT = 60.0
"""Seconds."""
_GRACE = 5.0
"""Seconds for a fork server to have a process ended whose time is over."""
_TRIES = 3
"""A fork server may end in the moment in which it is asked."""


def call(module: str, function: str, *arguments: object) -> Any:
    """`function` of `module` with `arguments`, which like its answer must be plain values. Blocking.

    Raises the SekishoError that it raises. RuntimeError: it broke down; what it said is in the log.
    """
    limit = LIMIT
    began = monotonic()
    answer = _ask(module, pickle.dumps((function, arguments)), limit)
    if answer is None:
        if monotonic() - began >= limit:
            raise RuntimeError(f"{module}.{function} was not done within {limit:g} s")
        raise RuntimeError(f"{module}.{function} ended without an answer")
    if isinstance(answer[0], SekishoError):
        raise answer[0]
    return answer[0]


def _ask(module: str, request: bytes, limit: float) -> tuple[Any] | None:
    """None: without an answer."""
    for _ in range(_TRIES):
        link, theirs = socket.socketpair()
        with link:
            with theirs:
                server = _server.hand_over(pickle.dumps((module, limit)), theirs)
            link.settimeout(limit + _GRACE)
            try:
                if link.recv(1) != fork_server.TAKEN:
                    continue
                link.sendall(request)
                with link.makefile("rb") as given:
                    return (pickle.load(given),)  # noqa: S301 # our own code's, from our own socket
            except TimeoutError:
                server.kill()
                return None
            except (OSError, EOFError, pickle.UnpicklingError):
                return None
    return None


class _Server:
    """The one fork server of this process; made when it is needed and there is none."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: tuple[socket.socket, subprocess.Popen[bytes]] | None = None

    def hand_over(self, message: bytes, link: socket.socket) -> subprocess.Popen[bytes]:
        """Whom it has been handed to; that it was heard is another thing."""
        with self._lock:
            if self._running is not None:
                control, process = self._running
                with suppress(OSError):
                    socket.send_fds(control, [message], [link.fileno()])
                    return process
                control.close()
            self._running = control, process = _start()
            socket.send_fds(control, [message], [link.fileno()])
            return process


def _start() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen([sys.executable, "-I", "-m", fork_server.__name__], stdin=theirs.fileno())
    # It ends by itself, and then somebody has to have waited for it.
    threading.Thread(target=process.wait, name="fork server", daemon=True).start()
    return control, process


_server = _Server()
