"""Background work that must not end: logged and begun again when it fails."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

AGAIN_AFTER = 1.0
"""Seconds between a failure and the next beginning."""

_log = logging.getLogger(__name__)


class Tasks:
    """A group of endless tasks that begin and end together."""

    def __init__(self) -> None:
        self._running: list[asyncio.Task[None]] = []

    def keep(self, work: Callable[[], Awaitable[None]], name: str) -> None:
        """Run `work` until `stop`, again and again if it fails."""
        self._running.append(asyncio.create_task(_again(work, name), name=name))

    async def stop(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()


async def _again(work: Callable[[], Awaitable[None]], name: str) -> None:
    while True:
        try:
            await work()
        except Exception:
            _log.exception("%s failed, beginning again", name)
        await asyncio.sleep(AGAIN_AFTER)
