"""What the kernel knows of the WAN line: link, address, and whether the next router answers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface, ip_address, ip_interface
from pathlib import Path
from socket import AF_INET, AF_INET6
from time import monotonic, sleep
from typing import Literal

from appliance.kernel import links
from appliance.kernel.netlink import Netlink, NetlinkError, connect

NUD_REACHABLE = 0x02
NUD_PROBE = 0x10
NUD_FAILED = 0x20
_EVERYWHERE = 0
"""rtnetlink(7): RT_SCOPE_UNIVERSE."""
ANSWER_LIMIT = 3.5
"""Seconds until the kernel gives a silent neighbour up (3 probes, 1 s apart; arp(7))."""

LINK_LIMIT = 5.0
"""Seconds that two cards may take to agree on a speed (IEEE 802.3 clause 28)."""


@dataclass(frozen=True, slots=True)
class LineState:
    """addresses: without the link-local ones. gateway_answers: None when there is no gateway to ask."""

    carrier: bool
    addresses: tuple[IPv4Interface | IPv6Interface, ...]
    gateway: IPv4Address | IPv6Address | None
    gateway_answers: bool | None


def observe_line(interface: str, version: Literal[4, 6] = 4) -> LineState:
    """Look at `interface` by this version of IP; asks the default gateway, by ARP or as a neighbour (RFC 4861 section
    7.3.3), and may wait `ANSWER_LIMIT` seconds for it."""
    family = AF_INET if version == 4 else AF_INET6
    with connect() as netlink:
        found = netlink.link_lookup(ifname=interface)
        if not found:
            return LineState(False, (), None, None)
        index = found[0]
        carrier = bool(netlink.get_links(index)[0].get("IFLA_CARRIER"))
        addresses = tuple(
            ip_interface(f"{message.get('IFA_LOCAL') or message.get('IFA_ADDRESS')}/{message['prefixlen']}")
            for message in netlink.get_addr(family=family, index=index)
            if family == AF_INET or message["scope"] == _EVERYWHERE
        )
        gateways = [
            ip_address(route.get("RTA_GATEWAY"))
            for route in netlink.get_default_routes(family=family, table=254)
            if route.get("RTA_OIF") == index and route.get("RTA_GATEWAY")
        ]
        gateway = gateways[0] if gateways else None
        answers = _answers(netlink, index, gateway) if carrier and gateway else None
    return LineState(carrier, addresses, gateway, answers)


@contextmanager
def raised(interface: str) -> Iterator[bool]:
    """The port is up inside the block, and as before after it. Yields whether it has a link.

    Raises SekishoError ``kernel.no-interface``.
    """
    index = links.index(interface)
    with connect() as netlink:
        was_up = links.observe(netlink)[interface].up
        if not was_up:
            netlink.link("set", index=index, state="up")
        try:
            yield _has_link(netlink, index, 0.0 if was_up else LINK_LIMIT)
        finally:
            if not was_up:
                netlink.link("set", index=index, state="down")


def _has_link(netlink: Netlink, index: int, patience: float) -> bool:
    limit = monotonic() + patience
    while not (there := bool(netlink.get_links(index)[0].get("IFLA_CARRIER"))) and monotonic() < limit:
        sleep(0.05)
    return there


def is_there(interface: str) -> bool:
    return Path("/sys/class/net", interface).exists()


def has_carrier(interface: str) -> bool:
    """Whether the interface is there, up, and has a link (sysfs-class-net, ``carrier``); costs one small file."""
    try:
        return Path("/sys/class/net", interface, "carrier").read_text() == "1\n"
    except OSError:
        return False


def mtu(interface: str) -> int | None:
    """Of the interface, in bytes (sysfs-class-net); None when it is not there."""
    try:
        return int(Path("/sys/class/net", interface, "mtu").read_text())
    except (OSError, ValueError):
        return None


def packets(interface: str) -> tuple[int, int] | None:
    """Received and sent so far (sysfs-class-net-statistics); None where there is no such interface."""
    statistics = Path("/sys/class/net", interface, "statistics")
    try:
        received, sent = (int((statistics / f"{way}_packets").read_text()) for way in ("rx", "tx"))
    except OSError:
        return None
    return received, sent


def _answers(netlink: Netlink, index: int, gateway: IPv4Address | IPv6Address) -> bool:
    """Have the kernel probe its neighbour now: a cached entry is no evidence (RFC 1122 2.3.2.1)."""
    try:
        netlink.neigh("change", dst=str(gateway), ifindex=index, state=NUD_PROBE)
    except NetlinkError:
        # Nobody has spoken to it yet, so there is no entry and no address to probe: let the kernel find one.
        netlink.neigh("replace", dst=str(gateway), ifindex=index, flags=1, state=0)
    waited = 0.0
    while waited < ANSWER_LIMIT:
        state = _state(netlink, index, gateway)
        if state & NUD_REACHABLE:
            return True
        if state & NUD_FAILED:
            return False
        sleep(0.05)
        waited += 0.05
    return False


def _state(netlink: Netlink, index: int, gateway: IPv4Address | IPv6Address) -> int:
    family = AF_INET if gateway.version == 4 else AF_INET6
    for message in netlink.get_neighbours(family=family, ifindex=index):
        if message.get("NDA_DST") == str(gateway):
            return int(message["state"])
    return 0
