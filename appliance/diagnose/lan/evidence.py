"""What was heard on one wire of the clinic's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network


@dataclass(frozen=True, slots=True)
class Wire:
    """One segment as the settings have it. serves_dhcp: the router gives addresses.

    terminals: name and MAC of each listed terminal, by address. known: further addresses to ask for, such as leased
    ones, with the names that their machines gave.
    """

    name: str
    interface: str
    own: IPv4Interface
    serves_dhcp: bool
    terminals: Mapping[IPv4Address, tuple[str, str]] = field(default_factory=dict)
    known: Mapping[IPv4Address, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Server:
    """A DHCP server that made an offer. address: as it names itself (RFC 2132 section 9.7), None when it does not."""

    address: IPv4Address | None
    mac: str
    offered: IPv4Interface


@dataclass(frozen=True, slots=True)
class Router:
    """Somebody who advertises IPv6. lifetime: as default router, in seconds."""

    address: IPv6Address
    mac: str
    lifetime: int
    prefixes: tuple[IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class LanEvidence:
    """cards: by address, the MACs that claimed it. asked: how many addresses were asked for. is_whole: that was every
    address of the segment. names: by address, what machines call themselves."""

    wire: Wire
    carrier: bool
    asked: int = 0
    is_whole: bool = True
    cards: Mapping[IPv4Address, tuple[str, ...]] = field(default_factory=dict)
    servers: tuple[Server, ...] = ()
    routers: tuple[Router, ...] = ()
    names: Mapping[IPv4Address, str] = field(default_factory=dict)
