"""Where the kernel would send a packet, and who is a neighbour: asked, not worked out (rtnetlink(7), RTM_GETROUTE)."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from appliance.kernel.netlink import NetlinkError, connect

_KINDS = {1: "unicast", 2: "local", 3: "broadcast", 4: "anycast", 5: "multicast"}
_KNOWN = 0x02 | 0x04 | 0x08 | 0x10 | 0x80
"""rtnetlink(7): NUD_REACHABLE, STALE, DELAY, PROBE, PERMANENT: its card is known."""


@dataclass(frozen=True, slots=True)
class KernelWay:
    """kind: of the route, ``missing`` where there is none. interface: by which it leads on, empty for none."""

    kind: str
    interface: str


def way_to(destination: IPv4Address, source: IPv4Address | None = None, arrives_at: str | None = None) -> KernelWay:
    """Of a packet that arrives at an interface from `source`, or of the router's own."""
    with connect() as netlink:
        about = {"dst": str(destination)}
        if source is not None and arrives_at is not None:
            about |= {"src": str(source), "iif": socket.if_nametoindex(arrives_at)}  # type: ignore[dict-item]
        try:
            found = netlink.route("get", family=socket.AF_INET, **about)
        except NetlinkError:
            return KernelWay("missing", "")
        message = found[0]
        kind = _KINDS.get(message["type"], "missing")
        index = message.get_attr("RTA_OIF")
    if kind != "unicast" or not index:
        return KernelWay(kind, "")
    return KernelWay(kind, socket.if_indextoname(index))


def card_of(neighbour: IPv4Address, interface: str) -> str | None:
    """The MAC that the kernel last heard at this address; None when it knows none."""
    with connect() as netlink:
        index = socket.if_nametoindex(interface)
        for message in netlink.get_neighbours(family=socket.AF_INET, ifindex=index):
            if message.get("NDA_DST") == str(neighbour) and message["state"] & _KNOWN:
                card = message.get("NDA_LLADDR")
                return str(card) if card else None
    return None


def own_card(interface: str) -> str:
    """The interface's MAC (sysfs-class-net). Raises OSError."""
    return Path("/sys/class/net", interface, "address").read_text().strip()
