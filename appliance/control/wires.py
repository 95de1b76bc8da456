"""The clinic's wires as the settings have them, with whom the router knows there."""

from __future__ import annotations

from ipaddress import IPv4Address

from appliance import paths
from appliance.diagnose.lan.evidence import Wire
from appliance.files import read_from_others
from appliance.intent.model import RouterIntent, Segment

LARGEST_LEASES = 1 << 20


def at_work(intent: RouterIntent) -> tuple[Wire, ...]:
    leased = leases()
    return tuple(_wire(intent, segment, leased) for segment in intent.lan.segments)


def leases() -> dict[IPv4Address, str]:
    """Addresses that dnsmasq has leased, with the names that their machines gave (dnsmasq(8), lease file)."""
    found = {}
    try:
        text = read_from_others(paths.DHCP_LEASES, LARGEST_LEASES).decode(errors="replace")
    except OSError:
        return {}
    for line in text.splitlines():
        match line.split():
            case [_, _, address, name, *_]:
                try:
                    found[IPv4Address(address)] = "" if name == "*" else name
                except ValueError:
                    continue
    return found


def _wire(intent: RouterIntent, segment: Segment, leased: dict[IPv4Address, str]) -> Wire:
    network = segment.address.network
    return Wire(
        segment.name,
        segment.interface,
        segment.address,
        segment.dhcp is not None,
        {host.address: (host.name, host.mac) for host in intent.lan.hosts if host.address in network},
        {address: name for address, name in leased.items() if address in network},
    )
