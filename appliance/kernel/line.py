"""What the kernel knows of the WAN line: link, address, and whether the next router answers."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from socket import AF_INET
from time import sleep

from appliance.kernel.netlink import Netlink, NetlinkError, connect

NUD_REACHABLE = 0x02
NUD_PROBE = 0x10
NUD_FAILED = 0x20
ANSWER_LIMIT = 3.5
"""Seconds until the kernel gives a silent neighbour up (3 probes, 1 s apart; arp(7))."""


@dataclass(frozen=True, slots=True)
class LineState:
    """gateway_answers: None when there is no gateway to ask."""

    carrier: bool
    addresses: tuple[IPv4Interface, ...]
    gateway: IPv4Address | None
    gateway_answers: bool | None


def observe_line(interface: str) -> LineState:
    """Look at `interface`; asks the default gateway by ARP and may wait `ANSWER_LIMIT` seconds for it."""
    with connect() as netlink:
        found = netlink.link_lookup(ifname=interface)
        if not found:
            return LineState(False, (), None, None)
        index = found[0]
        carrier = bool(netlink.get_links(index)[0].get("IFLA_CARRIER"))
        addresses = tuple(
            IPv4Interface(f"{message.get('IFA_LOCAL')}/{message['prefixlen']}")
            for message in netlink.get_addr(family=AF_INET, index=index)
        )
        gateways = [
            IPv4Address(route.get("RTA_GATEWAY"))
            for route in netlink.get_default_routes(family=AF_INET, table=254)
            if route.get("RTA_OIF") == index and route.get("RTA_GATEWAY")
        ]
        gateway = gateways[0] if gateways else None
        answers = _answers(netlink, index, gateway) if carrier and gateway else None
    return LineState(carrier, addresses, gateway, answers)


def _answers(netlink: Netlink, index: int, gateway: IPv4Address) -> bool:
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


def _state(netlink: Netlink, index: int, gateway: IPv4Address) -> int:
    for message in netlink.get_neighbours(family=AF_INET, ifindex=index):
        if message.get("NDA_DST") == str(gateway):
            return int(message["state"])
    return 0
