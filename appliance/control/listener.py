"""The daemon's listening unix socket: one daemon at a time, no stale file, no moment of loose permissions.

SO_PEERCRED decides what a caller may do, and the socket's directory keeps strangers from even handing bytes to a parser
that runs as root, or from using up its connections.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from pathlib import Path

from appliance.errors import SekishoError
from appliance.files import make_directory

BACKLOG = 64


class Listener:
    """path: in a directory of its own. group: gid that may connect beside root; None for root alone."""

    def __init__(self, path: Path, group: int | None) -> None:
        self._path = path
        self._group = group
        self._lock: int | None = None

    def open(self) -> socket.socket:
        """Listen, taking the place of a socket that a dead daemon left behind.

        Raises SekishoError `control.already-running` while another daemon lives.
        """
        if self._group is None:
            make_directory(self._path.parent, 0o700, (os.getuid(), os.getgid()))
        else:
            make_directory(self._path.parent, 0o750, (os.getuid(), self._group))
        lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            # flock(2) ends with its holder, however it dies: a left-over file locks nobody out.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise SekishoError(
                "control.already-running",
                "関所はもう動いているので、止めてから起動してください（systemctl restart sekisho）。",
                "Sekisho is running already: stop it first, or use `systemctl restart sekisho`.",
            ) from None
        try:
            listening = self._bind()
        except BaseException:
            os.close(lock)
            raise
        self._lock = lock
        return listening

    def close(self) -> None:
        """Take the socket's file away and let another daemon in; the socket itself is its user's to close."""
        if self._lock is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._lock)
            self._lock = None

    def _bind(self) -> socket.socket:
        # Under another name until its mode is right and it listens; the rename then replaces a stale file.
        unready = self._path.with_name(f".{self._path.name}.new")
        unready.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(str(unready))
            unready.chmod(0o600 if self._group is None else 0o666)
            listening.listen(BACKLOG)
            unready.rename(self._path)
        except BaseException:
            listening.close()
            with suppress(FileNotFoundError):
                unready.unlink()
            raise
        return listening
