"""How long tests wait for what must happen."""

from __future__ import annotations

import time
from collections.abc import Callable

LIMIT = 20.0
"""Seconds."""


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
