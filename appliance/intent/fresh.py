"""A router to which nobody has said anything yet: it can be found on its LAN port, and does nothing else.

The same rules, from the same compiler, for a router that has no line, no tunnel and no terminal: nothing is
forwarded, and the line's port is left as it is, without an address and without an answer.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface

from appliance.intent import sysctls
from appliance.intent.model import Address, Bfd, DhcpRange, Lan, Maintenance, RouterIntent, Segment, Time
from appliance.intent.rules import ground, table

ADDRESS = IPv4Interface("192.168.151.1/24")
"""Private (RFC 1918), and of the networks that one meets the least in clinics."""
DHCP = DhcpRange(IPv4Address("192.168.151.100"), IPv4Address("192.168.151.199"), 2)
"""For the least that dnsmasq(8) lends: whoever sets the router up asks again, and follows it to its new address, within
the shortest trial that the page offers."""
NAME = "sekisho"


def fresh(port: str, address: IPv4Interface = ADDRESS, dhcp: DhcpRange = DHCP) -> RouterIntent:
    """port: the Ethernet port of the LAN. Pure."""
    segment = Segment(name="lan", port=port, interface=port, vlan=None, address=address, dhcp=dhcp)
    lan = Lan(router_name=NAME, segments=(segment,), hosts=())
    return RouterIntent(
        clinic_id="",
        inner_address=None,
        lines=(),
        lan=lan,
        tunnels=(),
        services=(),
        asked_ports=(),
        tunnel_dns=(),
        monitoring=(),
        time=Time(),
        bfd=Bfd(20, 12),
        addresses=(Address(port, address),),
        routes=(),
        rules=(),
        sysctls=sysctls.sysctls(lan.interfaces, (), ()),
        shapers=(),
        firewall=table.table(ground.Ground.of(lan, (), (), (), (), (), (), Time(), Maintenance())),
    )
