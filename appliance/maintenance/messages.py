"""What the room hears of, and what it wants done. Times are seconds of CLOCK_BOOTTIME."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any


@dataclass(frozen=True, slots=True)
class Key:
    """An element of the kernel's set: who may reach what. port: TCP."""

    source: IPv4Address
    address: IPv4Address
    port: int


@dataclass(frozen=True, slots=True)
class Way:
    """What consent for `maintainer` and `terminal` opens, of one address of his to one service of that terminal."""

    maintainer: str
    terminal: str
    key: Key


@dataclass(frozen=True, slots=True)
class Connection:
    """A maintainer's TCP connection, from his port to the terminal's service."""

    key: Key
    source_port: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One look at the kernel. held: seconds left of what is open. begun: connections that it noted down since the last
    look. living: those that stand, old or new."""

    held: Mapping[Key, float] = field(default_factory=dict)
    begun: frozenset[Connection] = frozenset()
    living: frozenset[Connection] = frozenset()


@dataclass(frozen=True, slots=True)
class Open:
    """For `seconds` from now, or from now anew."""

    keys: tuple[Key, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Close:
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Cut:
    """End what stands: nothing that consent began outlives it."""

    connections: tuple[Connection, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """Write down for good what happened."""

    action: str
    subject: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Forget:
    """Have the kernel forget what it noted down: it is on record now."""

    connections: tuple[Connection, ...]


Command = Open | Close | Cut | Record | Forget
"""In the order in which they are to be done."""
