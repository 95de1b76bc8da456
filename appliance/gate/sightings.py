"""Which terminal's certificate was shown from which address: book-keeping, so that a copied one is noticed.

One key belongs to one machine. When it speaks from a second address, somebody has copied it, or moved it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

MEMORY_SECONDS = 86400.0
"""A machine that has been replaced is suspected for so long, and a copy that is used every day for ever."""
MOST = 500
"""Certificates. A clinic has as many as terminals."""


@dataclass(slots=True)
class _Certificate:
    """name: the subject's common name. ends: Unix time, seconds. seen: by address, when last."""

    name: str
    ends: int
    seen: dict[str, float] = field(default_factory=dict)


class Sightings:
    """Times of sightings: seconds of a clock that never goes back."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._certificates: dict[str, _Certificate] = {}
        """By mark; the one that was seen last comes last."""

    def note(self, now: float, mark: str, address: str) -> bool:
        """False: this certificate is new here, and has to be introduced first."""
        known = self._certificates.pop(mark, None)
        if known is None:
            return False
        known.seen[address] = now
        self._certificates[mark] = known
        return True

    def introduce(self, mark: str, name: str, ends: int) -> None:
        """As in `_Certificate`."""
        self._certificates[mark] = _Certificate(name, ends)
        if len(self._certificates) > self._most:
            del self._certificates[next(iter(self._certificates))]

    def report(self, now: float) -> list[dict[str, Any]]:
        """``{mark, name, ends, seen}`` for each; seen: by address, how many seconds ago."""
        for mark, certificate in list(self._certificates.items()):
            certificate.seen = {
                address: moment for address, moment in certificate.seen.items() if now - moment < MEMORY_SECONDS
            }
            if not certificate.seen:
                del self._certificates[mark]
        return [
            {
                "mark": mark,
                "name": certificate.name,
                "ends": certificate.ends,
                "seen": {address: now - moment for address, moment in certificate.seen.items()},
            }
            for mark, certificate in self._certificates.items()
        ]
