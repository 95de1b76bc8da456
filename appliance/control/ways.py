"""What the lines gave, told to whoever needs it: the kernel's tables, the firewall's resolvers, the endpoints' core."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from appliance import paths
from appliance.control import far_ends
from appliance.engines.leases import Lease, read_lease
from appliance.engines.leases6 import Lease6, read_lease6
from appliance.intent import softwires
from appliance.intent.lines import AnyWay, Way, Way6
from appliance.intent.model import Line, RouterIntent
from appliance.intent.softwires import WaySoftwire
from appliance.kernel.line import is_there


@dataclass(frozen=True, slots=True)
class Given:
    """By the line's name, for each family: what it gave, None while it gives nothing or is static.

    softwires: what carries IPv4 where the line itself does not, None while it cannot.
    """

    four: dict[str, Lease | None]
    six: dict[str, Lease6 | None]
    softwires: dict[str, WaySoftwire | None] = field(default_factory=dict)


def given(intent: RouterIntent) -> Given:
    six = {line.name: read_lease6(line.port) if line.ipv6 and is_there(line.port) else None for line in intent.lines}
    return Given(
        {line.name: lease_of(line) for line in intent.lines},
        six,
        {line.name: _softwire(rank, line, six[line.name]) for rank, line in enumerate(intent.lines)},
    )


def lease_of(line: Line) -> Lease | None:
    """What is written counts only while its interface is there: a client that was killed takes nothing back."""
    if line.kind == "static" or not is_there(line.interface):
        return None
    return read_lease(line.interface, paths.SESSIONS if line.is_session else paths.LEASES)


def _softwire(rank: int, line: Line, lease: Lease6 | None) -> WaySoftwire | None:
    far_end = far_ends.known(line)
    if far_end is None or lease is None or lease.gateway is None or lease.address is None:
        return None
    return softwires.way(line, rank, lease.address, lease.prefixes, far_end)


def ways(found: Given) -> tuple[AnyWay, ...]:
    four = tuple(Way(name, lease.gateway) for name, lease in found.four.items() if lease is not None and lease.gateway)
    inside = tuple(way for way in found.softwires.values() if way is not None)
    six = tuple(
        Way6(name, lease.gateway, lease.address, lease.is_delegated)
        for name, lease in found.six.items()
        if lease is not None and lease.gateway and lease.address
    )
    return (*four, *inside, *six)


def versions(line: Line, found: Given) -> tuple[int, ...]:
    """Of IP: what the line carries now, if its cable does. The one that goes through fewer boxes first."""
    way6 = any(isinstance(way, Way6) and way.line == line.name for way in ways(found))
    four = line.ipv4 and (line.kind == "static" or found.four[line.name] or found.softwires.get(line.name))
    return ((6,) if way6 else ()) + ((4,) if four else ())


def resolvers(intent: RouterIntent, found: Given) -> tuple[IPv4Address | IPv6Address, ...]:
    """The servers of all lines, the preferred line's first."""
    return tuple(dict.fromkeys(server for line in intent.lines for server in _servers(line, found)))


def own_addresses(found: Given) -> set[IPv4Address | IPv6Address]:
    """Ours on the lines, as leased."""
    six = {lease.address for lease in found.six.values() if lease is not None and lease.address}
    return six | {lease.address.ip for lease in found.four.values() if lease is not None}


def want_prefix(found: Given) -> dict[str, bool]:
    """Whether a line must be asked for a prefix, since its routers advertise none for addresses of ours; by its name,
    and only where they advertise at all."""
    return {name: not lease.autonomous for name, lease in found.six.items() if lease is not None and lease.advertised}


def _servers(line: Line, found: Given) -> Iterator[IPv4Address | IPv6Address]:
    six, four = found.six[line.name], found.four[line.name]
    yield from six.dns if six else ()
    yield from four.dns if four else line.dns
