"""The access lines, each with a way of its own, so that a tunnel can be bound to one of them.

With one line nothing needs to be chosen: its default route is the main table's. With two, each
has a routing table, and what must leave by it carries its mark (ip-rule(8) ``fwmark``). Under
each table lies a refusal, for each family that any line carries: what is bound to a dead line, or
to one that does not carry its family, does not wander to the other by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Interface, IPv6Network
from typing import TYPE_CHECKING, Literal

from appliance.intent import softwires
from appliance.intent.model import (
    ETHERNET_MTU,
    LINE_RULE_PRIORITY,
    MAIN_TABLE,
    SETTLED_METRIC,
    Address,
    Line,
    PolicyRule,
    Route,
    RouterIntent,
)
from appliance.intent.softwires import WaySoftwire

if TYPE_CHECKING:
    # Half of this serves the daemon, which does without the settings' validator.
    from appliance.site.model import Site
    from appliance.site.wan import AnyWan

ANYWHERE = IPv4Network("0.0.0.0/0")
ANYWHERE6 = IPv6Network("::/0")
FIRST_TABLE = 61
FIRST_MARK = 0x5E1
METRIC_STEP = 100
"""Between the main table's default routes of two lines: the preferred line has the smaller metric."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a line leads, as found at run time (a lease). line: its name. gateway None: a point-to-point line."""

    line: str
    gateway: IPv4Address | None


@dataclass(frozen=True, slots=True)
class Way6:
    """Where a line's port leads by IPv6. gateway: link-local. source: our address there.

    is_ours: nobody but us puts `source` on the port (it is out of a delegated prefix, RFC 7084 WAA-7).
    """

    line: str
    gateway: IPv6Address
    source: IPv6Address
    is_ours: bool


AnyWay = Way | Way6 | WaySoftwire


def carries(kind: str) -> frozenset[int]:
    """Versions of IP in which a line of this kind reaches the internet."""
    return _CARRIED.get(kind, frozenset({4}))


_CARRIED = {"ipoe": frozenset({6}), "ds-lite": frozenset({4, 6}), "map-e": frozenset({4, 6})}


def lines(site: Site) -> tuple[Line, ...]:
    """In order of preference."""
    several = len(site.lines) > 1
    return tuple(
        Line(
            name=name,
            kind=line.kind,
            port=line.interface,
            interface=_interface(name, line),
            ipv4=4 in carries(line.kind),
            ipv6=6 in carries(line.kind),
            dns=line.dns if line.kind == "static" else (),
            metric=METRIC_STEP * (rank + 1),
            table=FIRST_TABLE + rank if several else None,
            mark=FIRST_MARK + rank if several else None,
            mtu=_mtu(line),
            user=line.user if line.kind == "pppoe" else "",
            softwire=softwires.terms(line),
        )
        for rank, (name, line) in enumerate(site.lines.items())
    )


def _interface(name: str, line: AnyWan) -> str:
    # Here, because the daemon does without the settings' validator.
    from appliance.site.values import SESSIONS

    if line.kind == "pppoe":
        return SESSIONS + name
    return softwires.interface_of(name) if softwires.terms(line) else line.interface


def _mtu(line: AnyWan) -> int:
    if line.kind == "pppoe":
        return line.mtu
    return softwires.MTU if softwires.terms(line) else ETHERNET_MTU


def routes(site: Site, wanted: tuple[Line, ...]) -> tuple[Route, ...]:
    """The floors of the lines' tables, and the way of each static line; others' are found at run time."""
    found = [Way(name, line.gateway) for name, line in site.lines.items() if line.kind == "static"]
    anywhere = (ANYWHERE, ANYWHERE6) if 6 in _versions(wanted) else (ANYWHERE,)
    floors = tuple(
        Route(line.table, everything, None, metric=SETTLED_METRIC)
        for everything in anywhere
        for line in wanted
        if line.table
    )
    return ways(wanted, found) + floors


def ways(wanted: tuple[Line, ...], found: Iterable[AnyWay]) -> tuple[Route, ...]:
    """Default routes in the main table and in the lines' own, of which there are none while there is only one line.

    Only dhcpcd lays its own in the main table, by IPv4; by IPv6 with a source that we have chosen, which it does not.
    """
    return tuple(route for line, way in _matched(wanted, found) for route in _routes(line, way))


def _routes(line: Line, way: AnyWay) -> Iterator[Route]:
    if isinstance(way, Way6):
        tables = (MAIN_TABLE, line.table) if line.table else (MAIN_TABLE,)
        for table in tables:
            yield Route(table, ANYWHERE6, line.port, way.gateway, way.source, line.metric)
        return
    gateway = way.gateway if isinstance(way, Way) and not line.is_session else None
    if line.kind != "dhcp":
        yield Route(MAIN_TABLE, ANYWHERE, line.interface, gateway=gateway, metric=line.metric)
    if line.table:
        yield Route(line.table, ANYWHERE, line.interface, gateway=gateway)


def _matched(wanted: tuple[Line, ...], found: Iterable[AnyWay]) -> Iterator[tuple[Line, AnyWay]]:
    by_name = {line.name: line for line in wanted}
    return ((by_name[way.line], way) for way in found if way.line in by_name)


def rules(wanted: tuple[Line, ...]) -> tuple[PolicyRule, ...]:
    return tuple(
        PolicyRule(LINE_RULE_PRIORITY, line.table, mark=line.mark, version=version)
        for version in _versions(wanted)
        for line in wanted
        if line.table
    )


def _versions(wanted: tuple[Line, ...]) -> tuple[Literal[4, 6], ...]:
    """Of IP: IPv4 is everywhere, in the tunnels if nowhere else."""
    return (4, 6) if any(line.ipv6 for line in wanted) else (4,)


def with_ways(intent: RouterIntent, found: Iterable[AnyWay]) -> RouterIntent:
    """The intent together with what the lines gave at run time."""
    found = tuple(found)
    addresses = tuple(
        Address(line.port, IPv6Interface((way.source, 128)))
        for line, way in _matched(intent.lines, found)
        if isinstance(way, Way6) and way.is_ours
    )
    inside = [(line, way) for line, way in _matched(intent.lines, found) if isinstance(way, WaySoftwire)]
    led = replace(intent, addresses=intent.addresses + addresses, routes=intent.routes + ways(intent.lines, found))
    return softwires.with_softwires(led, inside)
