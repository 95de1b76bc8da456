"""A packet that is known by a word in it, and who sends it from where."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORD = re.compile(rb"skleak([0-9]{5})x")
"""Also a label of a name, so that a question about it tells."""


def word(number: int) -> str:
    return f"skleak{number:05}x"


def numbers(frame: bytes) -> set[int]:
    """Of the canaries that a frame carries."""
    return {int(found) for found in WORD.findall(frame)}


@dataclass(frozen=True, slots=True)
class Place:
    """sender: its row in the matrix. sources: whose names it wears, its own first. targets: to whom, the most telling
    two first. neighbours: addresses it claims and asks for. mac, next_hop: on Ethernet; empty inside a tunnel."""

    sender: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    neighbours: tuple[str, ...] = ()
    mac: str = ""
    next_hop: str = ""


@dataclass(frozen=True, slots=True)
class Canary:
    """kind: what it is. source, target: its IPv4 addresses; empty for what only a neighbour on the wire can send.
    frame: base64, from the Ethernet header on, or from the IP header inside a tunnel."""

    number: int
    sender: str
    kind: str
    source: str
    target: str
    frame: str

    def __str__(self) -> str:
        way = f" from {self.source} to {self.target}" if self.target else ""
        return f"{self.sender}: {self.kind}{way}"
