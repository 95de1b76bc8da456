"""A server's TLS context, made anew now and again: the session stays valid as long as its context is the newest one."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable

_SESSIONS = 1000
"""OpenSSL keeps up to 20,480 server sessions of clients without tickets (a few KB each), and Python cannot set less."""
_SECONDS = 3600.0
"""The key of the tickets that clients get belongs to the context, and OpenSSL never changes it: whoever learns it
later reads the TLS 1.2 connections of this time, and of no other."""


class Contexts:
    """make: the context; called now, and whenever another one is due."""

    def __init__(self, make: Callable[[], ssl.SSLContext]) -> None:
        self._make = make
        self._renew()

    def newest(self) -> ssl.SSLContext:
        """Once for each connection."""
        is_full = self._context.session_stats()["number"] >= _SESSIONS
        if is_full or time.monotonic() >= self._renew_at:
            self._renew()
        return self._context

    def _renew(self) -> None:
        self._context = self._make()
        self._renew_at = time.monotonic() + _SECONDS
