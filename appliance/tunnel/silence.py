"""Whether a softwire is heard: it has no handshake and no answer of its own, only packets. Pure."""

from __future__ import annotations

from dataclasses import dataclass

PATIENCE = 10.0
"""Seconds in which what leaves must have brought something back; a tunnel alone is heard every few seconds."""


@dataclass(slots=True)
class Silence:
    """heard, sent: packets, as counted last. calling_since: when the first of those left that nothing came after."""

    heard: int = -1
    sent: int = -1
    calling_since: float | None = None

    def hear(self, heard: int, sent: int, now: float) -> bool:
        """Whether it has been silent for too long, by the interface's counters at `now` (seconds)."""
        if heard != self.heard:
            self.calling_since = None
        elif sent != self.sent and self.calling_since is None:
            self.calling_since = now
        self.heard, self.sent = heard, sent
        return self.calling_since is not None and now - self.calling_since >= PATIENCE
