"""IPv6 on the line: its neighbours, routers and DHCPv6 server, by the words of RFC 4890, and nothing else."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.packet import NEVER
from tests.unit.intent.proof.proving import always

INWARD, THROUGH, OUTWARD = Way.INWARD, Way.THROUGH, Way.OUTWARD
ON_THE_WIRE = IPv6Network("fe80::/10")


def comes_in(f: Facts, p: Journey) -> z3.BoolRef:
    """What may come in though nobody asked for it."""
    if not f.lines6:
        return NEVER
    at = p.routed
    near, from_wire = at.is_(Field.HOP_LIMIT, 255), at.is_(Field.SOURCE6, ON_THE_WIRE)
    kind = Field.ICMP6_TYPE
    return z3.Or(
        _inside_ipv6(f, p, Field.SOURCE6),
        at.within(names.TUNNEL_ENDPOINTS6, Field.SOURCE6, Field.UDP_SPORT),
        z3.And(at.is_(kind, "nd-neighbor-solicit", "nd-neighbor-advert"), near),
        z3.And(at.is_(kind, "nd-router-advert"), near, from_wire),
        z3.And(at.is_(kind, "mld-listener-query"), from_wire),
        z3.And(at.is_(Field.UDP_SPORT, 547), at.is_(Field.UDP_DPORT, 546), from_wire),
        f.error6(at),
    )


def goes_out(f: Facts, p: Journey) -> z3.BoolRef:
    """Besides the tunnels and the time."""
    if not f.lines6:
        return NEVER
    at, kind = p.routed, Field.ICMP6_TYPE
    names_asked = z3.Or(at.is_(Field.UDP_DPORT, 53), at.is_(Field.TCP_DPORT, 53))
    dhcp = z3.And(at.is_(Field.UDP_SPORT, 546), at.is_(Field.UDP_DPORT, 547))
    return z3.Or(
        z3.And(at.within(names.WAN_RESOLVERS6, Field.DESTINATION6), names_asked),
        z3.And(
            at.is_(kind, "nd-router-solicit", "nd-neighbor-solicit", "nd-neighbor-advert"), at.is_(Field.HOP_LIMIT, 255)
        ),
        z3.And(
            at.is_(kind, "mld-listener-report", "mld-listener-done", "mld2-listener-report"), at.is_(Field.HOP_LIMIT, 1)
        ),
        z3.And(dhcp, at.is_(Field.DESTINATION6, IPv6Address("ff02::1:2"))),
    )


def is_a_tunnels(f: Facts, p: Journey) -> z3.BoolRef:
    if not f.lines6:
        return NEVER
    tunnel = p.routed.within(names.TUNNEL_ENDPOINTS6, Field.DESTINATION6, Field.UDP_DPORT)
    return z3.Or(tunnel, _inside_ipv6(f, p, Field.DESTINATION6))


def _inside_ipv6(f: Facts, p: Journey, far: Field) -> z3.BoolRef:
    """IPv4 in a softwire, whose far end is one of those that were found."""
    return z3.And(p.routed.is_(Field.L4PROTO, 4), p.routed.is_(far, *f.far_ends)) if f.far_ends else NEVER


@always("Nothing comes from the WAN", INWARD, THROUGH)
def nobody_on_the_line_says_where_our_packets_go(f: Facts, p: Journey) -> z3.BoolRef:
    """Redirects (RFC 4861 section 8), even such as speak of a connection of ours."""
    redirect = z3.And(p.wire.is_(Field.FAMILY, "ipv6"), p.wire.is_(Field.ICMP6_TYPE, "nd-redirect"))
    return z3.Implies(z3.And(f.from_line(p.wire), redirect), z3.Not(p.passes))


@always("Nothing leaks past the tunnel", THROUGH)
def ipv6_is_never_forwarded(f: Facts, p: Journey) -> z3.BoolRef:
    outside = z3.Or(f.from_line(p.wire), f.to_line(p.routed))
    return z3.Implies(z3.And(outside, p.wire.is_(Field.FAMILY, "ipv6")), z3.Not(p.passes))


@always("IPv4 inside IPv6 comes from and goes to the line's far end only", INWARD, OUTWARD)
def ipv4_inside_ipv6_is_the_far_ends(f: Facts, p: Journey) -> z3.BoolRef:
    """What comes in as an answer answers what went out to it."""
    inward = p.way is INWARD
    on_line, far = (f.from_line(p.wire), Field.SOURCE6) if inward else (f.to_line(p.routed), Field.DESTINATION6)
    inside = z3.And(p.routed.is_(Field.FAMILY, "ipv6"), p.routed.is_(Field.L4PROTO, 4))
    asked = f.answer(p.routed) if inward else NEVER
    return z3.Implies(z3.And(on_line, inside, p.passes), z3.Or(asked, _inside_ipv6(f, p, far)))
