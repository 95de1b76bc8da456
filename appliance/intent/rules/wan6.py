"""IPv6 on the ports of lines whose access network speaks it: what IPv6 cannot live without (RFC 4890), the tunnels'
outer packets, DHCPv6 and DNS. All of it ends in the router itself; nothing is forwarded.

Neighbours prove that they are on the wire by a hop limit that no router has lowered (RFC 4861 section 6.1.2, 7.1).
Redirects are not among them: nobody on the line says where our packets go but its default router.
"""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

from appliance.intent import names
from appliance.intent.firewall import Accept, Drop, Field, NamedSet, Refuse, Rule
from appliance.intent.rules.ground import ANSWER, RELATED, Ground, is_, within

LINK_LOCAL = IPv6Network("fe80::/10")
DHCP_SERVERS = IPv6Address("ff02::1:2")
"""All_DHCP_Relay_Agents_and_Servers (RFC 8415 section 7.1)."""
IPV4_INSIDE = 4
"""IANA protocol number; the names that machines have for it differ."""
_ONE_FAMILY = "No leak: a line speaks the family that it carries, and no other"
_NEIGHBOURS = ("nd-neighbor-solicit", "nd-neighbor-advert")
_ERRORS = ("destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem")
"""Named, because connection tracking relates a redirect too (nf_conntrack_proto_icmpv6.c)."""
_GROUPS_TOLD = ("mld-listener-report", "mld-listener-done", "mld2-listener-report")


def strays_in(ground: Ground) -> tuple[Rule, ...]:
    """First of all: connection tracking knows no lines, so what is known on one must not pass on another."""
    return tuple(
        Rule((is_(Field.IIF, *ports), is_(Field.FAMILY, family)), Drop(), _ONE_FAMILY, names.DROPPED_WAN)
        for ports, family in _strays(ground)
    )


def strays_out(ground: Ground) -> tuple[Rule, ...]:
    return tuple(
        Rule((is_(Field.OIF, *ports), is_(Field.FAMILY, family)), Refuse(), _ONE_FAMILY, names.REFUSED_OUTPUT)
        for ports, family in _strays(ground)
    )


def _strays(ground: Ground) -> tuple[tuple[tuple[str, ...], str], ...]:
    four = tuple(name for name in ground.outside if name not in ground.outside6)
    six = tuple(name for name in ground.outside if name not in ground.outside4)
    return tuple((ports, family) for ports, family in ((six, "ipv4"), (four, "ipv6")) if ports)


def errors_in() -> tuple[Rule, ...]:
    errors = is_(Field.ICMP6_TYPE, *_ERRORS)
    return (
        Rule((errors, RELATED, ANSWER), Accept(), "No black hole: errors about it, so that path MTU works (RFC 8201)"),
    )


def input_rules(ground: Ground) -> tuple[Rule, ...]:
    from_link = is_(Field.SOURCE6, LINK_LOCAL)
    return (
        *_softwires(ground, Field.SOURCE6),
        Rule(
            (within(names.TUNNEL_ENDPOINTS6, Field.SOURCE6, Field.UDP_SPORT),),
            Accept(),
            "Tunnels stand: their outer packets, from the concentrators only",
        ),
        Rule(
            (is_(Field.ICMP6_TYPE, *_NEIGHBOURS), is_(Field.HOP_LIMIT, 255)),
            Accept(),
            "Tunnels stand: neighbours on the line find each other; from nobody further away (RFC 4861 section 7.1)",
        ),
        Rule(
            (is_(Field.ICMP6_TYPE, "nd-router-advert"), from_link, is_(Field.HOP_LIMIT, 255)),
            Accept(),
            "Tunnels stand: the line's routers advertise; from nobody further away (RFC 4861 section 6.1.2)",
        ),
        Rule(
            (is_(Field.ICMP6_TYPE, "mld-listener-query"), from_link),
            Accept(),
            "Tunnels stand: the line asks which groups we hear, or switches withhold them (RFC 3810)",
        ),
        Rule(
            (from_link, is_(Field.UDP_SPORT, 547), is_(Field.UDP_DPORT, 546)),
            Accept(),
            "Tunnels stand: the DHCPv6 server answers, from another address than was asked (RFC 8415)",
        ),
    )


def first_output_rules(ground: Ground) -> tuple[Rule, ...]:
    """Before any user is looked at, as in `wan.output_chain`."""
    return (
        Rule(
            (within(names.TUNNEL_ENDPOINTS6, Field.DESTINATION6, Field.UDP_DPORT),),
            Accept(),
            "Tunnels stand: their outer packets, to the concentrators only",
        ),
        *_softwires(ground, Field.DESTINATION6),
    )


def _softwires(ground: Ground, far: Field) -> tuple[Rule, ...]:
    if not ground.has_softwires:
        return ()
    return (
        Rule(
            (is_(Field.L4PROTO, IPV4_INSIDE), within(names.SOFTWIRE_ENDS, far)),
            Accept(),
            "Far end only: IPv4 inside IPv6 is its business and nobody else's (RFC 2473)",
        ),
    )


def output_rules() -> tuple[Rule, ...]:
    resolvers = within(names.WAN_RESOLVERS6, Field.DESTINATION6)
    return (
        *(
            Rule((resolvers, is_(port, 53)), Accept(), "Tunnels stand: the router resolves the concentrators' names")
            for port in (Field.UDP_DPORT, Field.TCP_DPORT)
        ),
        Rule(
            (is_(Field.ICMP6_TYPE, "nd-router-solicit", *_NEIGHBOURS), is_(Field.HOP_LIMIT, 255)),
            Accept(),
            "Tunnels stand: the router finds its neighbours and the line's routers (RFC 4861)",
        ),
        Rule(
            (is_(Field.ICMP6_TYPE, *_GROUPS_TOLD), is_(Field.HOP_LIMIT, 1)),
            Accept(),
            "Tunnels stand: the router says which groups it hears, or switches withhold them (RFC 3810)",
        ),
        Rule(
            (is_(Field.DESTINATION6, DHCP_SERVERS), is_(Field.UDP_SPORT, 546), is_(Field.UDP_DPORT, 547)),
            Accept(),
            "Tunnels stand: the router asks for an address, a prefix and resolvers (RFC 8415)",
        ),
    )


def sets(ground: Ground) -> tuple[NamedSet, ...]:
    ends = NamedSet(names.SOFTWIRE_ENDS, ("ipv6_addr",), "Far end only: of each softwire, as found", elements=())
    return (
        *((ends,) if ground.has_softwires else ()),
        NamedSet(
            names.TUNNEL_ENDPOINTS6,
            ("ipv6_addr", "inet_service"),
            "Tunnels stand: the concentrators, by IPv6",
        ),
        NamedSet(names.WAN_RESOLVERS6, ("ipv6_addr",), "Tunnels stand: DNS servers of the line, by IPv6"),
    )
