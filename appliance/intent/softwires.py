"""Lines that carry IPv4 inside IPv6: DS-Lite (RFC 6333) and MAP-E (RFC 7597). Pure.

What the settings know is little: the far end and, for MAP-E, a rule. The rest is found at run time,
from the line's IPv6 address or prefix, and changes with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, IPv6Network
from typing import TYPE_CHECKING

from appliance.intent import map_e, names
from appliance.intent.firewall import Table
from appliance.intent.map_e import MappingRule, Share
from appliance.intent.model import Address, Line, RouterIntent, Softwire, SoftwireTerms
from appliance.intent.rules import map_e as ports

if TYPE_CHECKING:
    # Half of this serves the daemon, which does without the settings' validator.
    from appliance.site.wan import AnyWan

FIRST_OF_B4 = IPv4Address("192.0.0.2")
"""Our address inside a DS-Lite softwire (RFC 6333 section 5.7); a second line has the next one."""
MTU = 1500 - 40
"""Bytes: Ethernet's, less the IPv6 header around each packet. Where the path carries less, the kernel learns it."""


@dataclass(frozen=True, slots=True)
class WaySoftwire:
    """local, remote: the softwire's ends. address: ours inside it. share: of MAP-E."""

    line: str
    local: IPv6Address
    remote: IPv6Address
    address: IPv4Address
    share: Share | None = None


def interface_of(line: str) -> str:
    """One of ours (`site.values.OUR_INTERFACES`) that no tunnel can have: theirs hold no dot."""
    return f"sk-4.{line}"


def terms(line: AnyWan) -> SoftwireTerms | None:
    match line.kind:
        case "ds-lite":
            return SoftwireTerms(str(line.aftr))
        case "map-e":
            return SoftwireTerms(str(line.br), MappingRule(line.rule_ipv6, line.rule_ipv4, line.ea_bits))
        case _:
            return None


def way(
    line: Line, rank: int, own: IPv6Address, prefixes: Iterable[IPv6Network], far_end: IPv6Address
) -> WaySoftwire | None:
    """own: our address on the line's port. prefixes: delegated to us. None: the prefix is not of the line's rule."""
    if line.softwire is None:
        return None
    rule = line.softwire.rule
    if rule is None:
        return WaySoftwire(line.name, own, far_end, FIRST_OF_B4 + rank)
    advertised = IPv6Network((own, 64), strict=False)
    shares = (map_e.share(rule, prefix) for prefix in (*prefixes, advertised))
    share = next((share for share in shares if share), None)
    return WaySoftwire(line.name, share.endpoint, far_end, share.address, share) if share else None


def with_softwires(intent: RouterIntent, found: Iterable[tuple[Line, WaySoftwire]]) -> RouterIntent:
    found = tuple(found)
    return replace(
        intent,
        softwires=tuple(Softwire(line.interface, line.port, way.local, way.remote, way.share) for line, way in found),
        addresses=intent.addresses + tuple(address for line, way in found for address in _addresses(line, way)),
        firewall=_firewall(intent.firewall, found),
    )


def _addresses(line: Line, way: WaySoftwire) -> Iterator[Address]:
    yield Address(line.interface, IPv4Interface((way.address, 32)))
    if way.share:
        # Nobody else knows of it: the line's daemon only puts there what is advertised or delegated.
        yield Address(line.port, IPv6Interface((way.local, 128)))


def _firewall(table: Table, found: tuple[tuple[Line, WaySoftwire], ...]) -> Table:
    ends = tuple((way.remote,) for _, way in found)
    sets = tuple(
        replace(wanted, elements=ends) if wanted.name == names.SOFTWIRE_ENDS else wanted for wanted in table.sets
    )
    shares = {way.line: way.share for _, way in found if way.share}
    return ports.with_shares(replace(table, sets=sets), tuple(line for line, _ in found), shares)
