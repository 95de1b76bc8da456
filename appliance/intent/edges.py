"""The clinic's networks as the settings give them, the addresses of both sides, and where the time comes from."""

from __future__ import annotations

from appliance.account.model import Account
from appliance.intent.model import (
    MAIN_TABLE,
    Address,
    Behind,
    DhcpRange,
    FixedHost,
    Forward,
    Lan,
    Route,
    Segment,
    Time,
)
from appliance.site import model as site_model
from appliance.site.model import LAN, Site
from appliance.site.values import OUR_INTERFACES


def lan(site: Site) -> Lan:
    interfaces = {LAN: site.lan.interface, **{item.name: _interface(site, item) for item in site.segments}}
    everywhere: list[tuple[str, site_model.Lan | site_model.Segment]] = [(LAN, site.lan)]
    everywhere += [(item.name, item) for item in site.segments]
    return Lan(
        router_name=site.lan.name,
        segments=tuple(
            Segment(
                name=name,
                port=item.interface or site.lan.interface,
                interface=interfaces[name],
                vlan=item.vlan if isinstance(item, site_model.Segment) else None,
                address=item.address,
                dhcp=DhcpRange(item.dhcp.first, item.dhcp.last, 60 * item.dhcp.lease_hours) if item.dhcp else None,
                reaches=tuple(interfaces[other] for other in item.reaches),
                behind=tuple(Behind(way.to, way.via) for way in site.routes if way.via in item.address.network),
            )
            for name, item in everywhere
        ),
        hosts=tuple(
            FixedHost(terminal.name, terminal.mac, terminal.address, terminal.internet_minutes)
            for terminal in site.terminals
        ),
        forwards=tuple(Forward(item.domains, item.servers, item.ipv6) for item in site.forwards),
    )


def _interface(site: Site, segment: site_model.Segment) -> str:
    # A VLAN's name is one that no tunnel can have: theirs hold no dot.
    return (segment.interface or site.lan.interface) if segment.vlan is None else f"{OUR_INTERFACES}vlan.{segment.vlan}"


def routes(wanted: Lan) -> tuple[Route, ...]:
    """To the networks behind inner routers."""
    return tuple(
        Route(MAIN_TABLE, behind.network, segment.interface, gateway=behind.via)
        for segment in wanted.segments
        for behind in segment.behind
    )


def time(account: Account, site: Site) -> Time:
    return Time(account.ntp, site.time.ntp, site.time.nts)


def addresses(site: Site, wanted: Lan) -> tuple[Address, ...]:
    outside = (Address(line.interface, line.address) for line in site.lines.values() if line.kind == "static")
    return (*(Address(segment.interface, segment.address) for segment in wanted.segments), *outside)
