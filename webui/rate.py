"""How often an address may send a form of the log-in pages: what it costs the router stays small."""

from __future__ import annotations

from collections import OrderedDict

AT_ONCE = 30
EVERY = 1.0
"""Seconds until one more is allowed."""
MOST = 1024
"""Addresses that are remembered."""


class Limiter:
    def __init__(self) -> None:
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, address: str, now: float) -> float:
        """Seconds to wait, 0 when it is allowed. now: seconds, never back."""
        left, at = self._left.pop(address, (float(AT_ONCE), now))
        left = min(float(AT_ONCE), left + (now - at) / EVERY)
        allowed = left >= 1
        self._left[address] = (left - 1 if allowed else left, now)
        while len(self._left) > MOST:
            self._left.popitem(last=False)
        return 0.0 if allowed else (1 - left) * EVERY
