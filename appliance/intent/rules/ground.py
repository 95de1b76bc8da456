"""The facts that the rules stand on, and short words to write matches with."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, collapse_addresses

from appliance.intent import names
from appliance.intent.firewall import Field, In, Match, Value
from appliance.intent.model import Lan, Line, Maintenance, Service, Time, Tunnel


@dataclass(frozen=True, slots=True)
class Ground:
    """neighbours: each tunnel's interface with the address at its far end.

    neighbours, inner_address, prefixes: none where there are no tunnels. lines: none where there are no tunnels either,
    on a router that nobody has set up.
    prefixes: what lies behind the tunnels. inside: all that must never come from the WAN or go
    there. No two networks of one tuple overlap, since nft refuses that in an anonymous set.
    """

    lan: Lan
    lines: tuple[Line, ...]
    neighbours: tuple[tuple[str, IPv4Address], ...]
    inner_address: IPv4Address | None
    prefixes: tuple[IPv4Network, ...]
    inside: tuple[IPv4Network, ...]
    asked_ports: tuple[int, ...]
    passthrough_ports: tuple[int, ...]
    gate_ports: tuple[int, ...]
    tunnel_dns: tuple[IPv4Address, ...]
    monitoring: tuple[IPv4Network, ...]
    time: Time
    maintenance: Maintenance

    @classmethod
    def of(
        cls,
        lan: Lan,
        lines: tuple[Line, ...],
        tunnels: tuple[Tunnel, ...],
        services: tuple[Service, ...],
        asked_ports: tuple[int, ...],
        tunnel_dns: tuple[IPv4Address, ...],
        monitoring: tuple[IPv4Network, ...],
        time: Time,
        maintenance: Maintenance,
    ) -> Ground:
        inner_address = tunnels[0].inner_address if tunnels else None
        own = (IPv4Network(inner_address),) if inner_address else ()
        prefixes = tuple(collapse_addresses(prefix for tunnel in tunnels for prefix in tunnel.allowed_prefixes))
        return cls(
            lan=lan,
            lines=lines,
            neighbours=tuple((tunnel.interface, tunnel.peer_address) for tunnel in tunnels),
            inner_address=inner_address,
            prefixes=prefixes,
            inside=tuple(collapse_addresses((*prefixes, *lan.networks, *own))),
            asked_ports=asked_ports,
            passthrough_ports=tuple(sorted({service.port for service in services if service.gate_port is None})),
            gate_ports=tuple(service.gate_port for service in services if service.gate_port is not None),
            tunnel_dns=tuple(sorted(set(tunnel_dns))),
            monitoring=tuple(collapse_addresses(monitoring)),
            time=time,
            maintenance=maintenance,
        )

    @property
    def from_lan(self) -> Match:
        return is_(Field.IIF, *self.lan.interfaces)

    @property
    def to_lan(self) -> Match:
        return is_(Field.OIF, *self.lan.interfaces)

    @property
    def routers(self) -> tuple[IPv4Address, ...]:
        """The router's own address in each segment."""
        return tuple(segment.address.ip for segment in self.lan.segments)

    @property
    def serves_dhcp(self) -> tuple[str, ...]:
        """The interfaces on which the router gives addresses."""
        return tuple(segment.interface for segment in self.lan.segments if segment.dhcp)

    @property
    def has_ways(self) -> bool:
        """Whether connections may be opened between segments."""
        return any(segment.reaches for segment in self.lan.segments)

    @property
    def has_behind(self) -> bool:
        return any(segment.behind for segment in self.lan.segments)

    @property
    def has_internet(self) -> bool:
        """Whether a terminal can be switched to the internet."""
        return bool(self.lan.internet_hosts)

    @property
    def is_direct(self) -> bool:
        """Whether the way to the engines is the internet, and not a tunnel."""
        return bool(self.lines) and not self.neighbours

    @property
    def inner(self) -> tuple[IPv4Address, ...]:
        """The router's address in the tunnels, if it has any."""
        return (self.inner_address,) if self.inner_address else ()

    @property
    def has_maintenance(self) -> bool:
        """Whether anything of the clinic's can be opened for maintenance."""
        return bool(self.maintenance.targets)

    @property
    def has_fast_path(self) -> bool:
        return bool(self.passthrough_ports) and not self.is_direct

    @property
    def lets_out(self) -> bool:
        """Whether anything of a terminal's may leave by a line."""
        return self.has_internet or self.is_direct

    @property
    def outside(self) -> tuple[str, ...]:
        """The interfaces of all lines."""
        return tuple(dict.fromkeys((*self.outside4, *self.outside6)))

    @property
    def outside4(self) -> tuple[str, ...]:
        """Those that carry IPv4."""
        return tuple(line.interface for line in self.lines if line.ipv4)

    @property
    def outside6(self) -> tuple[str, ...]:
        return tuple(line.port for line in self.lines if line.ipv6)

    @property
    def has_softwires(self) -> bool:
        return any(line.softwire for line in self.lines)

    @property
    def from_wan(self) -> Match:
        return is_(Field.IIF, *self.outside)

    @property
    def to_wan(self) -> Match:
        return is_(Field.OIF, *self.outside)

    @property
    def from_tunnels(self) -> Match:
        return is_(Field.IIF, *(interface for interface, _ in self.neighbours))

    @property
    def to_tunnels(self) -> Match:
        return is_(Field.OIF, *(interface for interface, _ in self.neighbours))


def is_(field: Field, *values: Value) -> Match:
    return Match((field,), values)


def is_not(field: Field, *values: Value) -> Match:
    return Match((field,), values, negate=True)


def within(set_name: str, *fields: Field) -> Match:
    return Match(fields, In(set_name))


def outside(set_name: str, *fields: Field) -> Match:
    return Match(fields, In(set_name), negate=True)


ROOT = 0
OF_CHRONY = is_(Field.UID, names.TIME_USER)
LISTED = within(names.TERMINALS, Field.SOURCE4, Field.ETHER_SOURCE)
ON_INTERNET = within(names.INTERNET_TERMINALS, Field.SOURCE4, Field.ETHER_SOURCE)
NOT_ON_INTERNET = outside(names.INTERNET_TERMINALS, Field.SOURCE4, Field.ETHER_SOURCE)
PROVEN = within(names.ENGINE_VERIFIED, Field.DESTINATION4, Field.TCP_DPORT)
PROVEN_FOR_GATE = within(names.GATE_VERIFIED, Field.DESTINATION4, Field.TCP_DPORT)
TCP = is_(Field.L4PROTO, "tcp")
UDP = is_(Field.L4PROTO, "udp")
ICMP = is_(Field.L4PROTO, "icmp")
ECHO_REQUEST = is_(Field.ICMP_TYPE, "echo-request")
RESET = is_(Field.TCP_FLAGS_RST)
NEW = is_(Field.CT_STATE, "new")
NEW_OR_KNOWN = is_(Field.CT_STATE, "new", "established")
KNOWN = is_(Field.CT_STATE, "established")
RELATED = is_(Field.CT_STATE, "related")
UNKNOWN = is_(Field.CT_STATE, "invalid", "untracked")
QUESTION = is_(Field.CT_DIRECTION, "original")
ANSWER = is_(Field.CT_DIRECTION, "reply")
REDIRECTED = is_(Field.CT_STATUS, "dnat")
"""By a rule of ours: whoever addresses the local port directly is not."""
