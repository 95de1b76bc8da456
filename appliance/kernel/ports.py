"""Which ports this machine has, for whoever has to say which is which."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.kernel import links
from appliance.kernel.netlink import connect

_ETHERNET = 1
"""linux/if_arp.h: ARPHRD_ETHER."""
_PORT_KINDS = frozenset({None, "veth"})
"""A card of the machine, or what a container has instead of one."""


@dataclass(frozen=True, slots=True)
class Port:
    """mac: lower case with colons, as on the sticker. linked: a cable with a link; None while the port is down, when
    nobody knows."""

    name: str
    mac: str
    linked: bool | None


def observe() -> tuple[Port, ...]:
    """The Ethernet ports, none of ours, in the kernel's order, which is that of the machine's slots."""
    with connect() as netlink:
        known = links.observe(netlink)
        return tuple(
            Port(link.name, message.get("IFLA_ADDRESS"), bool(message.get("IFLA_CARRIER")) if link.up else None)
            for message in netlink.get_links()
            if message["ifi_type"] == _ETHERNET
            and (link := known.get(message.get("IFLA_IFNAME"))) is not None
            and link.kind in _PORT_KINDS
            and not links.is_ours(link.name)
        )
