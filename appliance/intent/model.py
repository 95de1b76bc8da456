"""All that this router should be, as frozen values. Compared with the kernel by `kernel`."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import Literal

from appliance.account.service_mode import ServiceMode
from appliance.intent.firewall import Table
from appliance.intent.map_e import MappingRule, Share
from appliance.secret import Secret

ROUTING_TABLE = 51
"""The kernel routing table for what may travel only inside a tunnel; BIRD fills it, we lay its floor."""
RULE_PRIORITY = 5100
MAIN_TABLE = 254
LINE_RULE_PRIORITY = 5000
"""Of the rules that send what is marked for a line to that line's table: before the tunnels' rules."""
QUESTION_RULE_PRIORITY = 5050
"""Of the rules that send a question about one tunnel into that tunnel, whichever carries."""
PROBE_MARK = 0x5EC
"""fwmark of packets that we forge ourselves to make a terminal's TCP speak up (see gate.reset)."""
ETHERNET_MTU = 1500
SETTLED_METRIC = 4294967295
"""Metric of the unreachable floor routes: every real route wins, and without one nothing falls through to the WAN."""


@dataclass(frozen=True, slots=True)
class Address:
    """An address on an interface; `peer` makes it point to point (ip-address(8) `peer`)."""

    interface: str
    address: IPv4Interface | IPv6Interface
    peer: IPv4Address | None = None


@dataclass(frozen=True, slots=True)
class Tunnel:
    """A WireGuard interface with exactly one peer.

    endpoint_host: name or literal address; names are resolved at run time. keepalive in seconds.
    rank: 0 is preferred. mtu in bytes of the inner packet. line: name of the access line that it prefers. marks: of
    the lines that it may use (one when it is bound), that of `line` first; none while there is only one line.
    own_table, own_mark: of a routing table that leads into this tunnel only, and of the packets that use it (fwmark).
    """

    name: str
    interface: str
    endpoint_host: str
    endpoint_port: int
    peer_public_key: str
    inner_address: IPv4Address
    peer_address: IPv4Address
    allowed_prefixes: tuple[IPv4Network, ...]
    keepalive: int
    mtu: int
    rank: int
    line: str
    marks: tuple[int, ...]
    own_table: int
    own_mark: int
    private_key: Secret = field(repr=False)
    preshared_key: Secret = field(repr=False)


@dataclass(frozen=True, slots=True)
class Route:
    """interface None: an unreachable route (refuses at once instead of leaking).

    gateway, source: of the destination's family. metric: never 0 for IPv6, which the kernel would make 1024.
    """

    table: int
    destination: IPv4Network | IPv6Network
    interface: str | None
    gateway: IPv4Address | IPv6Address | None = None
    source: IPv4Address | IPv6Address | None = None
    metric: int = 0


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """ip-rule(8): packets to `destination` (None: any) that carry `mark` (None: any) look up `table`.

    version: of IP.
    """

    priority: int
    table: int
    destination: IPv4Network | None = None
    mark: int | None = None
    version: Literal[4, 6] = 4


@dataclass(frozen=True, slots=True)
class Service:
    """gate_port: local port of the gate's listener, for terminate mode only."""

    name: str
    host: str
    port: int
    mode: ServiceMode
    gate_port: int | None


@dataclass(frozen=True, slots=True)
class FixedHost:
    """internet_minutes: the longest time for which it may be switched to the internet; None: never."""

    name: str
    mac: str
    address: IPv4Address
    internet_minutes: int | None = None


@dataclass(frozen=True, slots=True)
class Maintainer:
    """addresses: from which he comes, inside the tunnels."""

    name: str
    addresses: tuple[IPv4Address, ...]


@dataclass(frozen=True, slots=True)
class MaintenanceTarget:
    """A terminal's service that consent can open: TCP port `port` of `address`, which a maintainer finds at
    `outer_port` of the router's inner address."""

    terminal: str
    address: IPv4Address
    port: int
    outer_port: int


@dataclass(frozen=True, slots=True)
class Maintenance:
    """maintainers, targets: none where nothing can be opened."""

    maintainers: tuple[Maintainer, ...] = ()
    targets: tuple[MaintenanceTarget, ...] = ()


@dataclass(frozen=True, slots=True)
class DhcpRange:
    first: IPv4Address
    last: IPv4Address
    lease_minutes: int


@dataclass(frozen=True, slots=True)
class Behind:
    """A network of the clinic behind an inner router, which is `via` in one of our segments."""

    network: IPv4Network
    via: IPv4Address


@dataclass(frozen=True, slots=True)
class Segment:
    """One wire of the clinic's. port: the Ethernet port; interface: what carries IP on it, for a VLAN ours.

    dhcp: None when the clinic's own DHCP server stays in charge. reaches: interfaces of the segments to which
    machines here may open connections. behind: networks that other routers here lead to.
    """

    name: str
    port: str
    interface: str
    vlan: int | None
    address: IPv4Interface
    dhcp: DhcpRange | None
    reaches: tuple[str, ...] = ()
    behind: tuple[Behind, ...] = ()

    @property
    def networks(self) -> tuple[IPv4Network, ...]:
        """All whose machines speak on this wire."""
        return (self.address.network, *(behind.network for behind in self.behind))


@dataclass(frozen=True, slots=True)
class Forward:
    """Names that `servers`, inside the clinic, answer. ipv6: the terminals can use IPv6 addresses there."""

    domains: tuple[str, ...]
    servers: tuple[IPv4Address, ...]
    ipv6: bool


@dataclass(frozen=True, slots=True)
class Lan:
    """The clinic's side. segments: the first is the LAN itself. hosts: the terminals, in any segment."""

    router_name: str
    segments: tuple[Segment, ...]
    hosts: tuple[FixedHost, ...]
    forwards: tuple[Forward, ...] = ()

    @property
    def interface(self) -> str:
        return self.segments[0].interface

    @property
    def address(self) -> IPv4Interface:
        return self.segments[0].address

    @property
    def interfaces(self) -> tuple[str, ...]:
        return tuple(segment.interface for segment in self.segments)

    @property
    def networks(self) -> tuple[IPv4Network, ...]:
        return tuple(network for segment in self.segments for network in segment.networks)

    @property
    def internet_hosts(self) -> tuple[FixedHost, ...]:
        return tuple(host for host in self.hosts if host.internet_minutes is not None)


@dataclass(frozen=True, slots=True)
class SoftwireTerms:
    """Of a line that carries IPv4 inside IPv6 (RFC 2473), as the settings have them.

    far_end: name or IPv6 address of the AFTR (DS-Lite, RFC 6333), or address of the BR (MAP-E, RFC 7597).
    rule: of MAP-E, None for DS-Lite.
    """

    far_end: str
    rule: MappingRule | None = None


@dataclass(frozen=True, slots=True)
class Softwire:
    """An interface that carries IPv4 inside IPv6, found at run time.

    local, remote: its ends, by way of `port`. share: of MAP-E, the address and the ports that are ours.
    """

    interface: str
    port: str
    local: IPv6Address
    remote: IPv6Address
    share: Share | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """An access line. name and kind: as in the settings. port: the Ethernet port; interface: what carries IPv4.

    ipv4: whether `interface` carries IPv4. ipv6: whether the port itself carries IPv6.
    dns: resolvers of a static line, others bring theirs. metric: of its default route in the main table, the smaller
    the more preferred. table, mark: of its own routing table and of the packets bound to it (fwmark); None while it
    is the only line. mtu: bytes of an IP packet. user: whom its provider knows us as. A static line's address and
    routes are in the intent's lists. softwire: what `interface` is on a line that carries IPv4 inside IPv6.
    """

    name: str
    kind: str
    port: str
    interface: str
    ipv4: bool
    ipv6: bool
    dns: tuple[IPv4Address, ...]
    metric: int
    table: int | None
    mark: int | None
    mtu: int = ETHERNET_MTU
    user: str = ""
    softwire: SoftwireTerms | None = None

    @property
    def is_session(self) -> bool:
        """Point to point, on an interface that comes and goes with the session."""
        return self.kind == "pppoe"


@dataclass(frozen=True, slots=True)
class Shaper:
    """Makes an interface the bottleneck of what leaves by it, so that the queue forms there and is shared fairly.

    mbit: megabits a second, all bytes on the line's cable counted. overhead: bytes that each IP packet of this
    interface has around it there.
    """

    interface: str
    mbit: int
    overhead: int


@dataclass(frozen=True, slots=True)
class Time:
    """Where the time comes from. inside: servers in the tunnels, by NTP. ntp, nts: names or addresses on the internet,
    asked by NTP (RFC 5905) or by NTS (RFC 8915)."""

    inside: tuple[IPv4Address, ...] = ()
    ntp: tuple[str, ...] = ()
    nts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Bfd:
    """RFC 5880 timers: interval in ms, detection after `multiplier` silent intervals."""

    interval_ms: int
    multiplier: int


@dataclass(frozen=True, slots=True)
class RouterIntent:
    """inner_address: the one source address used inside both tunnels; None where there are none: the way to the engines
    is the internet then, or there is none as long as there are no lines either, because nobody has set this router up.
    lines: in order of preference. asked_ports: TCP ports behind the tunnels that the router itself asks: engines, to
    prove them, where trust lists are, and where throughput is measured.

    softwires: none until their lines have said what they need (`lines.with_ways`).
    """

    clinic_id: str
    inner_address: IPv4Address | None
    lines: tuple[Line, ...]
    lan: Lan
    tunnels: tuple[Tunnel, ...]
    services: tuple[Service, ...]
    asked_ports: tuple[int, ...]
    tunnel_dns: tuple[IPv4Address, ...]
    monitoring: tuple[IPv4Network, ...]
    time: Time
    bfd: Bfd
    addresses: tuple[Address, ...]
    routes: tuple[Route, ...]
    rules: tuple[PolicyRule, ...]
    sysctls: tuple[tuple[str, str], ...]
    shapers: tuple[Shaper, ...]
    firewall: Table
    softwires: tuple[Softwire, ...] = ()
    page_names: tuple[str, ...] = ()
    """Names of the account's under which the LAN finds the router's page, besides the settings'."""
    maintenance: Maintenance = Maintenance()
