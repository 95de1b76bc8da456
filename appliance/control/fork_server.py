"""What `apart` forks its processes from: it has imported what they need, and has never seen what they work on.

To import the libraries that read accounts costs a router's processor many times what the work itself does, at every
log-in and every page of the set-up. multiprocessing's fork server would stay for ever and keep them in memory; this one
ends when nobody has asked for a while.

One request is a message on its standard input (unix(7), SOCK_SEQPACKET) with a socket, on which the process that it
forks takes the arguments and answers; `apart` is the other side.
"""

from __future__ import annotations

import gc
import os
import pickle
import signal
import socket
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import NoReturn

from appliance.errors import SekishoError

REST = 45.0
"""Seconds without a request after which it ends: fewer than the minute after which what has failed is tried again
(`fetch_trust`), or it would stay, with all that it has ever imported, for as long as that fails."""
TAKEN = b"!"
"""Its word on a request's socket that there will be a process; without it nobody has heard the request."""
_LONGEST = 4096
"""Bytes of a request."""


def main() -> int:
    control = socket.socket(fileno=sys.stdin.fileno())
    control.settimeout(REST)
    # Nobody here waits for them: who asked sees that the socket ends. And a Ctrl-C is for whom it serves.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            message, descriptors, _, _ = socket.recv_fds(control, _LONGEST, 1)
        except TimeoutError:
            return 0
        if not message:
            return 0
        with socket.socket(fileno=descriptors[0]) as link:
            _fork(link, *pickle.loads(message))  # noqa: S301 # our own code's, from our own socket


def _fork(link: socket.socket, module: str, limit: float) -> None:
    with suppress(OSError):
        link.sendall(TAKEN)
    # What cannot be imported breaks the process down that needs it, and not everybody's.
    with suppress(Exception):
        import_module(module)
    gc.freeze()
    if os.fork() == 0:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, limit)
        with open(os.devnull, "rb") as nothing:
            os.dup2(nothing.fileno(), sys.stdin.fileno())
        _work(link, module)


def _work(link: socket.socket, module: str) -> NoReturn:
    status = 1
    try:
        with link.makefile("rb") as given:
            function, arguments = pickle.load(given)  # noqa: S301 # as above
        try:
            answer = getattr(import_module(module), function)(*arguments)
        except SekishoError as error:
            answer = error
        link.sendall(pickle.dumps(answer))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        # Nothing of the fork server's is this process's to end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    sys.exit(main())
