"""The LAN as the settings give it, the addresses of both sides, and where the time comes from."""

from __future__ import annotations

from appliance.account.model import Account
from appliance.intent.model import Address, FixedHost, Lan, Time
from appliance.site.model import Site


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


def time(account: Account, site: Site) -> Time:
    return Time(account.ntp, site.time.ntp, site.time.nts)


def addresses(site: Site) -> tuple[Address, ...]:
    outside = (Address(line.interface, line.address) for line in site.lines.values() if line.kind == "static")
    return (Address(site.lan.interface, site.lan.address), *outside)
