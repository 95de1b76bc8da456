"""The access lines, each with a way of its own, so that a tunnel can be bound to one of them.

With one line nothing needs to be chosen: its default route is the main table's. With two, each
has a routing table, and what must leave by it carries its mark (ip-rule(8) ``fwmark``). Under
each table lies a refusal: what is bound to a dead line does not wander to the other by itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from appliance.intent.model import (
    LINE_RULE_PRIORITY,
    MAIN_TABLE,
    SETTLED_METRIC,
    Line,
    PolicyRule,
    Route,
    RouterIntent,
)

if TYPE_CHECKING:
    # Half of this serves the daemon, which does without the settings' validator.
    from appliance.site.model import Site

ANYWHERE = IPv4Network("0.0.0.0/0")
FIRST_TABLE = 61
FIRST_MARK = 0x5E1
METRIC_STEP = 100
"""Between the main table's default routes of two lines: the preferred line has the smaller metric."""


@dataclass(frozen=True, slots=True)
class Way:
    """Where a line leads, as found at run time (a lease). line: its name. gateway None: a point-to-point line."""

    line: str
    gateway: IPv4Address | None


def lines(site: Site) -> tuple[Line, ...]:
    """In order of preference."""
    several = len(site.lines) > 1
    return tuple(
        Line(
            name=name,
            kind=line.kind,
            port=line.interface,
            interface=line.interface,
            dns=line.dns if line.kind == "static" else (),
            metric=METRIC_STEP * (rank + 1),
            table=FIRST_TABLE + rank if several else None,
            mark=FIRST_MARK + rank if several else None,
        )
        for rank, (name, line) in enumerate(site.lines.items())
    )


def routes(site: Site, wanted: tuple[Line, ...]) -> tuple[Route, ...]:
    """The floors of the lines' tables, and the way of each static line; others' are found at run time."""
    found = [Way(name, line.gateway) for name, line in site.lines.items() if line.kind == "static"]
    floors = tuple(Route(line.table, ANYWHERE, None, metric=SETTLED_METRIC) for line in wanted if line.table)
    main = tuple(
        Route(MAIN_TABLE, ANYWHERE, line.interface, gateway=way.gateway, metric=line.metric)
        for way in found
        for line in wanted
        if line.name == way.line
    )
    return main + ways(wanted, found) + floors


def ways(wanted: tuple[Line, ...], found: Iterable[Way]) -> tuple[Route, ...]:
    """Default routes in the lines' own tables; none when there is only one line."""
    by_name = {line.name: line for line in wanted}
    return tuple(
        Route(line.table, ANYWHERE, line.interface, gateway=way.gateway)
        for way in found
        if (line := by_name.get(way.line)) is not None and line.table
    )


def rules(wanted: tuple[Line, ...]) -> tuple[PolicyRule, ...]:
    return tuple(PolicyRule(LINE_RULE_PRIORITY, line.table, mark=line.mark) for line in wanted if line.table)


def with_ways(intent: RouterIntent, found: Iterable[Way]) -> RouterIntent:
    """The intent together with what the lines gave at run time."""
    return replace(intent, routes=intent.routes + ways(intent.lines, found))
