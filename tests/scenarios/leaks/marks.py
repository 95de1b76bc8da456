"""Words for packets, so that each is known wherever it comes to light."""

from __future__ import annotations

from scapy.layers.inet import TCP
from scapy.packet import Packet, Raw

from tests.scenarios.leaks import canary

Named = tuple[str, Packet]


class Marks:
    """A new word for every packet."""

    def __init__(self) -> None:
        self.number = 0

    def draw(self) -> bytes:
        self.number += 1
        return canary.word(self.number).encode() * 2

    def body(self) -> Raw:
        return Raw(self.draw())

    def tcp(self, source: int, destination: int, flags: str) -> Packet:
        """With a number of its own, by which an answer to it is known."""
        body = self.body()
        return TCP(sport=source, dport=destination, flags=flags, seq=self.number << 12, ack=self.number << 12) / body

    def name(self) -> str:
        self.number += 1
        return f"{canary.word(self.number)}.public.example"
