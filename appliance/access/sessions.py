"""Pure: who is logged in. Of a token only its digest is known here, and nothing of it survives the process.

Times are seconds on a clock that counts while the machine sleeps and never goes back.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

IDLE = 1800.0
"""Seconds without a call after which a session ends."""
ABSOLUTE = 12 * 3600.0
"""Seconds after which it ends in any case."""
MOST = 5
"""Sessions of one log-in; one more ends the one that was used longest ago."""


@dataclass(slots=True)
class Session:
    """id: names it, without power over it. address: where it was opened. restricted: the password has to be changed
    first."""

    id: str
    name: str
    role: str
    address: str
    restricted: bool
    began: float
    seen: float

    def ends(self, now: float) -> bool:
        return now - self.seen >= IDLE or now - self.began >= ABSOLUTE


def digest(token: str) -> str:
    """SHA-256: a token is as random as its digest is long, so nothing slower is needed."""
    return hashlib.sha256(token.encode(errors="replace")).hexdigest()


class Sessions:
    def __init__(self) -> None:
        self._open: dict[str, Session] = {}

    def open(self, token: str, name: str, role: str, address: str, restricted: bool, now: float) -> Session:
        for oldest in self.of(name, now)[MOST - 1 :]:
            self.close(oldest.id)
        session = Session(digest(token), name, role, address, restricted, now, now)
        self._open[session.id] = session
        return session

    def whose(self, token: str, now: float) -> Session | None:
        """None: unknown, or ended. It counts as use."""
        session = self._open.get(digest(token))
        if session is None:
            return None
        if session.ends(now):
            del self._open[session.id]
            return None
        session.seen = now
        return session

    def get(self, session_id: str) -> Session | None:
        """One that was just asked for by its token."""
        return self._open.get(session_id)

    def of(self, name: str, now: float) -> list[Session]:
        """The open ones of a log-in, the one that was used last first."""
        self._sweep(now)
        return sorted((one for one in self._open.values() if one.name == name), key=lambda one: -one.seen)

    def close(self, session_id: str) -> None:
        self._open.pop(session_id, None)

    def close_all(self, name: str, but: str = "") -> None:
        """Of a log-in, which is another from now on. but: id of the one that goes on."""
        for session in [one for one in self._open.values() if one.name == name and one.id != but]:
            self.close(session.id)

    def _sweep(self, now: float) -> None:
        for session in [one for one in self._open.values() if one.ends(now)]:
            del self._open[session.id]
