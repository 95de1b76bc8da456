"""Tells systemd that we are up, and again and again that we really work (sd_notify(3), ``WatchdogSec=``).

The word goes out from the event loop, so a loop that hangs is found; and only as long as somebody gets through to
what all work needs, so a lock that nobody gives back, or threads that do not return, are found as well.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from time import monotonic

TRY_EVERY = 5.0
"""Seconds between two passages."""
STUCK_AFTER = 180.0
"""Seconds without a passage after which we count as stuck: an apply on a slow machine takes a minute or two."""


class Heartbeat:
    """environment: ours, from which what systemd has told is taken away, so that no process of ours inherits it."""

    def __init__(
        self, passage: Callable[[], Awaitable[None]], environment: MutableMapping[str, str] = os.environ
    ) -> None:
        self._passage = passage
        self._address = environment.pop("NOTIFY_SOCKET", "")
        self._every = int(environment.pop("WATCHDOG_USEC", "0")) / 1e6 / 3
        self._passed = monotonic()

    async def run(self) -> None:
        """Say that we are ready, then that we live, without end."""
        self._tell("READY=1")
        passing = asyncio.create_task(self._pass(), name="passage")
        try:
            while True:
                if works(self._passed, monotonic()):
                    self._tell("WATCHDOG=1")
                await asyncio.sleep(self._every or TRY_EVERY)
        finally:
            passing.cancel()

    async def _pass(self) -> None:
        while True:
            await self._passage()
            self._passed = monotonic()
            await asyncio.sleep(TRY_EVERY)

    def _tell(self, word: str) -> None:
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as notify:
            notify.connect(self._address.replace("@", "\0", 1) if self._address[0] == "@" else self._address)
            notify.send(word.encode())


def works(passed: float, now: float) -> bool:
    """Whether somebody who last got through at `passed` may be called alive at `now` (seconds of one clock)."""
    return now - passed < STUCK_AFTER
