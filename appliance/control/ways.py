"""What the lines gave, told to whoever needs it: the kernel's tables, the firewall's resolvers, the endpoints' core."""

from __future__ import annotations

from ipaddress import IPv4Address

from appliance.engines.leases import Lease, read_lease
from appliance.intent.lines import Way
from appliance.intent.model import Line, RouterIntent

Given = dict[str, Lease | None]
"""By the line's name: what it gave, None while it gives nothing or is static."""


def given(intent: RouterIntent) -> Given:
    return {line.name: None if line.kind == "static" else read_lease(line.interface) for line in intent.lines}


def ways(found: Given) -> tuple[Way, ...]:
    return tuple(Way(name, lease.gateway) for name, lease in found.items() if lease is not None and lease.gateway)


def resolvers(intent: RouterIntent, found: Given) -> tuple[IPv4Address, ...]:
    """The servers of all lines, the preferred line's first."""
    return tuple(dict.fromkeys(server for line in intent.lines for server in _servers(line, found[line.name])))


def _servers(line: Line, lease: Lease | None) -> tuple[IPv4Address, ...]:
    return lease.dns if lease else line.dns
