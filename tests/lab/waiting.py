"""Waiting for a condition of the world, with a generous limit: never a fixed sleep."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(condition: Callable[[], object], what: str, limit: float = 30.0, pause: float = 0.05) -> None:
    """Return when `condition` is true; TimeoutError naming `what` after `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {limit:g} s in vain: {what}")
        time.sleep(pause)
