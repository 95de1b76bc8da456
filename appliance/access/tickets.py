"""Pure: what a browser holds between two steps. Each is good once it succeeds, a few times while it does not, and
for a few minutes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from appliance.access.sessions import digest

LIFE = 300.0
"""Seconds."""
TRIES = 5
MOST = 256

T = TypeVar("T")


@dataclass(slots=True)
class _Ticket(Generic[T]):
    holds: T
    until: float
    tries: int = 0


class Tickets(Generic[T]):
    """Times as of `sessions`."""

    def __init__(self) -> None:
        self._open: dict[str, _Ticket[T]] = {}

    def open(self, token: str, holds: T, now: float) -> None:
        for key in [key for key, ticket in self._open.items() if now >= ticket.until]:
            del self._open[key]
        while len(self._open) >= MOST:
            del self._open[next(iter(self._open))]
        self._open[digest(token)] = _Ticket(holds, now + LIFE)

    def tried(self, token: str, now: float) -> T | None:
        """What it holds, for one try. None: unknown, used, over, or tried too often."""
        ticket = self._open.get(digest(token))
        if ticket is None:
            return None
        ticket.tries += 1
        if now >= ticket.until or ticket.tries > TRIES:
            del self._open[digest(token)]
            return None
        return ticket.holds

    def close(self, token: str) -> None:
        self._open.pop(digest(token), None)
