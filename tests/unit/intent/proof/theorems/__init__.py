"""All theorems, one file for each side that a packet comes from or goes to."""

from __future__ import annotations

from tests.unit.intent.proof import proving
from tests.unit.intent.proof.theorems import (
    direct,
    fast,
    gate,
    internet,
    lan,
    line,
    line6,
    maintenance,
    ports,
    router,
    segments,
    tunnels,
)

THEOREMS = tuple(proving.registered())

__all__ = [
    "THEOREMS",
    "direct",
    "fast",
    "gate",
    "internet",
    "lan",
    "line",
    "line6",
    "maintenance",
    "ports",
    "router",
    "segments",
    "tunnels",
]
