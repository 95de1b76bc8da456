"""What was heard on a line when it was asked what it is."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network


@dataclass(frozen=True, slots=True)
class Offer:
    """A DHCP server's offer (RFC 2131), which nobody accepts. portal: URI of a captive portal (RFC 8910). server: its
    identifier, None where it names none."""

    address: IPv4Interface
    gateway: IPv4Address | None
    dns: tuple[IPv4Address, ...] = ()
    portal: str = ""
    server: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class AccessConcentrator:
    """A PPPoE server's offer (RFC 2516 section 5.2)."""

    name: str
    services: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Advertisement:
    """A router advertisement (RFC 4861 section 4.2). lifetime: as default router, seconds."""

    router: IPv6Address
    managed: bool
    other: bool
    lifetime: int
    prefixes: tuple[IPv6Network, ...] = ()


@dataclass(frozen=True, slots=True)
class Delegation:
    """A DHCPv6 server's answer. prefixes: offered for delegation (RFC 8415); aftr: RFC 6334; map_e: RFC 7598."""

    prefixes: tuple[IPv6Network, ...] = ()
    aftr: str = ""
    map_e: bool = False


@dataclass(frozen=True, slots=True)
class LineEvidence:
    """gateway_answers: to ARP, None when no gateway was offered to ask."""

    interface: str
    carrier: bool
    offers: tuple[Offer, ...] = ()
    gateway_answers: bool | None = None
    concentrators: tuple[AccessConcentrator, ...] = ()
    advertisements: tuple[Advertisement, ...] = ()
    delegations: tuple[Delegation, ...] = ()
