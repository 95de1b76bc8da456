"""The router's two sides as the settings give them, LAN and WAN, and where its time comes from."""

from __future__ import annotations

from ipaddress import IPv4Network

from appliance.account.model import Account
from appliance.intent.model import Address, FixedHost, Lan, Route, Time, Wan
from appliance.site.model import Site

MAIN_TABLE = 254
ANYWHERE = IPv4Network("0.0.0.0/0")


def lan(site: Site) -> Lan:
    wanted = site.lan
    return Lan(
        interface=wanted.interface,
        address=wanted.address,
        router_name=wanted.name,
        dhcp_first=wanted.dhcp.first if wanted.dhcp else None,
        dhcp_last=wanted.dhcp.last if wanted.dhcp else None,
        lease_hours=wanted.dhcp.lease_hours if wanted.dhcp else 0,
        hosts=tuple(FixedHost(terminal.name, terminal.mac, terminal.address) for terminal in site.terminals),
    )


def wan(site: Site) -> Wan:
    wanted = site.wan
    return Wan(wanted.interface, wanted.kind, wanted.dns if wanted.kind == "static" else ())


def time(account: Account, site: Site) -> Time:
    return Time(account.ntp, site.time.ntp, site.time.nts)


def addresses(site: Site) -> tuple[Address, ...]:
    inside = (Address(site.lan.interface, site.lan.address),)
    if site.wan.kind == "static":
        return (*inside, Address(site.wan.interface, site.wan.address))
    return inside


def routes(site: Site) -> tuple[Route, ...]:
    """The default route of a static line; a DHCP client brings its own."""
    if site.wan.kind == "static":
        return (Route(MAIN_TABLE, ANYWHERE, site.wan.interface, gateway=site.wan.gateway),)
    return ()
