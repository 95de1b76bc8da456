"""The access lines that a clinic may have: one file for each kind, each with its real peer daemon.

A line is what stands between one port of the router and the internet. A world is built with the
lines that it shall have; the first is the clinic's usual one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from tests.lab.machine import Machine

Cabling = Mapping[str, Mapping[str, str]]
"""Machine → its interfaces → the switch (segment) at the other end of the cable."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line reaches the clinic. table: in site.toml; port: of the router; segment: the wire at that port."""

    table: str
    port: str
    segment: str


FIRST = Place("wan", "wan0", "line")
SECOND = Place("backup_wan", "usb0", "second-line")


@runtime_checkable
class Login(Protocol):
    """A line whose provider asks for a password."""

    @property
    def password(self) -> str: ...


class AccessLine(Protocol):
    @property
    def place(self) -> Place: ...

    @property
    def cabling(self) -> Cabling:
        """The machines that make this line. They stand between `place.segment` and ``internet``."""
        ...

    @property
    def speaks_ipv6(self) -> bool:
        """Whether IPv6 is at home on this line; elsewhere any IPv6 packet is a leak."""
        ...

    @property
    def settings(self) -> str:
        """What the vendor writes below the table's name in site.toml, without the port's name."""
        ...

    def start(self, machines: Mapping[str, Machine]) -> None:
        """Bring the line to life; its machines are there and their cables are plugged."""
        ...
