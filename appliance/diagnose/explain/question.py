"""The packet that a terminal's first attempt would be: as the rules see it, and as the bytes on its wire."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal

from appliance.diagnose.explain.evaluate import Packet
from appliance.diagnose.line.frames4 import checksum, ethernet
from appliance.intent.firewall import Field, Value

SENDER_PORT = 777
"""A port that no terminal's program opens connections from: below what systems give to programs (RFC 6335), and
unassigned there, so the packet can be no part of anybody's connection."""
TTL = 64
_IPV4 = 0x0800
_NUMBERS = {"tcp": 6, "udp": 17}


@dataclass(frozen=True, slots=True)
class Question:
    """May `source`, with the card `mac` on the wire `interface`, speak with `destination` at `port`?

    router_card: the router's own MAC on that wire.
    """

    interface: str
    mac: str
    router_card: str
    source: IPv4Address
    destination: IPv4Address
    port: int
    protocol: Literal["tcp", "udp"] = "tcp"

    @property
    def packet(self) -> Packet:
        own: dict[Field, Value | bool] = {
            Field.IIF: self.interface,
            Field.FAMILY: "ipv4",
            Field.L4PROTO: self.protocol,
            Field.MARK: 0,
            Field.ETHER_SOURCE: self.mac,
            Field.SOURCE4: self.source,
            Field.DESTINATION4: self.destination,
            Field.SPORT: SENDER_PORT,
            Field.DPORT: self.port,
            Field.TTL: TTL,
        }
        if self.protocol == "tcp":
            return {**own, Field.TCP_DPORT: self.port, Field.TCP_FLAGS_SYN: True, Field.TCP_FLAGS_RST: False}
        return {**own, Field.UDP_SPORT: SENDER_PORT, Field.UDP_DPORT: self.port}

    def frame(self, number: int) -> bytes:
        """The Ethernet frame. number: IP identification, by which it is known again."""
        segment = self._tcp() if self.protocol == "tcp" else self._udp()
        head = struct.pack(
            "!BBHHHBBH4s4s",
            0x45,
            0,
            20 + len(segment),
            number,
            0x4000,
            TTL,
            _NUMBERS[self.protocol],
            0,
            self.source.packed,
            self.destination.packed,
        )
        head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
        return ethernet(_card(self.router_card), _card(self.mac), _IPV4, head + segment)

    def _tcp(self) -> bytes:
        """A SYN (RFC 9293 section 3.1)."""
        blank = struct.pack("!HHIIBBHHH", SENDER_PORT, self.port, 1, 0, 0x50, 0x02, 65535, 0, 0)
        return blank[:16] + struct.pack("!H", self._checksum(blank)) + blank[18:]

    def _udp(self) -> bytes:
        """One byte (RFC 768), whose checksum is never 0 on the wire."""
        blank = struct.pack("!HHHH", SENDER_PORT, self.port, 9, 0) + b"?"
        return blank[:6] + struct.pack("!H", self._checksum(blank) or 0xFFFF) + blank[8:]

    def _checksum(self, segment: bytes) -> int:
        kind = struct.pack("!BBH", 0, _NUMBERS[self.protocol], len(segment))
        return checksum(self.source.packed + self.destination.packed + kind + segment)


def _card(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))
