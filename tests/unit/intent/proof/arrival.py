"""What a packet can be before the first rule sees it: its fields, and what the kernel and conntrack say of any.

A connection that exists may have begun at any time, under any content of the sets; what every connection obeys is in
`obeys_conntrack`.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

import z3

from appliance.intent.firewall import Field
from tests.unit.intent.proof.packet import EVER, NEVER, Fields, Term, View, any_of, bits
from tests.unit.intent.proof.vocabulary import ADDRESS_TYPES, ICMP6_TYPES, ICMP_TYPES, PROTOCOLS, STATES, Vocabulary


class Way(StrEnum):
    INWARD = "inward"
    THROUGH = "through"
    NOWHERE = "nowhere"
    FAST = "fast"
    OUTWARD = "outward"


SPORT, DPORT = bits("sport", 16), bits("dport", 16)
CT_STATE, CT_DIRECTION = bits("ct state", 3), bits("ct direction", 1)
ORIGINAL_DESTINATION, ORIGINAL_PORT = bits("original destination", 32), bits("original port", 16)
CONNECTION_ADDRESS, CONNECTION_PORT = bits("destination of the connection", 32), bits("port of the connection", 16)
"""Where a connection that exists leads, after NAT, in the direction of the packet."""
CONNECTION_SOURCE = bits("sender of the connection", 32)
CONNECTION_SPORT = bits("sender's port of the connection", 16)
"""As whom the other side knows who sends this packet."""
FIB_TYPE = bits("fib type", 3)


def packet(way: Way) -> dict[Field, Term]:
    """Every field that a packet may have, and when it has it (nft(8), PAYLOAD EXPRESSIONS and META EXPRESSIONS)."""
    protocol, family = bits("protocol", 8), bits("family", 8)
    is_4, is_6 = family == 2, family == 10
    tcp, udp = protocol == PROTOCOLS["tcp"], protocol == PROTOCOLS["udp"]
    # nft's `th` reads any protocol's first bytes; ports are what they are for those that have them.
    ported = z3.Or(tcp, udp)
    rst = z3.Bool("rst")
    arrives = way is not Way.OUTWARD
    connected = z3.ULE(CT_STATE, STATES["related"])
    nowhere = z3.BitVecVal(0, 8)
    return {
        Field.IIF: Term(bits("iif", 8) if arrives else nowhere, EVER),
        Field.OIF: Term(nowhere if arrives else bits("oif", 8), EVER),
        Field.FAMILY: Term(family, EVER),
        Field.L4PROTO: Term(protocol, EVER),
        Field.MARK: Term(bits("mark", 32), EVER),
        Field.UID: Term(bits("uid", 32), NEVER if arrives else z3.Bool("has an owner")),
        Field.ETHER_SOURCE: Term(bits("ether source", 48), z3.Bool("comes by Ethernet") if arrives else NEVER),
        Field.SOURCE4: Term(bits("source", 32), is_4),
        Field.DESTINATION4: Term(bits("destination", 32), is_4),
        Field.SOURCE6: Term(bits("source6", 128), is_6),
        Field.DESTINATION6: Term(bits("destination6", 128), is_6),
        Field.SPORT: Term(SPORT, ported),
        Field.DPORT: Term(DPORT, ported),
        Field.TCP_DPORT: Term(DPORT, tcp),
        Field.UDP_DPORT: Term(DPORT, udp),
        Field.UDP_SPORT: Term(SPORT, udp),
        Field.TCP_FLAGS_SYN: Term(z3.And(z3.Bool("syn"), z3.Not(rst)), tcp),
        Field.TCP_FLAGS_RST: Term(rst, tcp),
        Field.ICMP_TYPE: Term(bits("icmp type", 8), protocol == PROTOCOLS["icmp"]),
        Field.ICMP_ID: Term(SPORT, z3.And(protocol == PROTOCOLS["icmp"], _is_echo(bits("icmp type", 8)))),
        Field.ICMP6_TYPE: Term(bits("icmp type", 8), protocol == PROTOCOLS["icmpv6"]),
        Field.TTL: Term(bits("ttl", 8), is_4),
        Field.HOP_LIMIT: Term(bits("hop limit", 8), is_6),
        Field.CT_STATE: Term(CT_STATE, EVER),
        Field.CT_STATUS: Term(bits("dnat", 1), connected),
        Field.CT_DIRECTION: Term(CT_DIRECTION, connected),
        Field.CT_MARK: Term(bits("ct mark", 32), connected),
        Field.CT_ENDS: Term(z3.Bool("the connection ends"), connected),
        Field.CT_ORIGINAL_DESTINATION4: Term(ORIGINAL_DESTINATION, z3.And(connected, is_4)),
        Field.CT_ORIGINAL_DPORT: Term(ORIGINAL_PORT, z3.And(connected, z3.Or(tcp, udp))),
        Field.FIB_SOURCE_INTERFACE: Term(bits("fib source", 8), EVER if arrives else NEVER),
        Field.FIB_ROUTE: Term(bits("fib route", 8), EVER),
        Field.FIB_DESTINATION_TYPE: Term(FIB_TYPE, EVER),
    }


def _is_echo(kind: z3.BitVecRef) -> z3.BoolRef:
    return z3.Or(kind == ICMP_TYPES["echo-request"], kind == ICMP_TYPES["echo-reply"])


def without_connection(wire: Fields, state: str) -> Fields:
    """nft_ct.c: the state has a word of its own, everything else about a connection is not there."""
    about = (
        Field.CT_STATUS,
        Field.CT_DIRECTION,
        Field.CT_MARK,
        Field.CT_ENDS,
        Field.CT_ORIGINAL_DESTINATION4,
        Field.CT_ORIGINAL_DPORT,
    )
    return {
        Field.CT_STATE: Term(z3.BitVecVal(STATES[state], 3), EVER),
        **{field: Term(wire[field].value, NEVER) for field in about},
    }


def obeys_the_kernel(way: Way, wire: View, routed: View, vocabulary: Vocabulary) -> Iterator[z3.BoolRef]:
    """What no packet can be, whoever made it."""
    lo = vocabulary.number(Field.IIF, "lo")
    for field, used in ((Field.IIF, way is not Way.OUTWARD), (Field.OIF, way in (Way.THROUGH, Way.OUTWARD))):
        if used:
            at = routed.fields[field].value
            yield z3.And(at != 0, z3.ULT(at, len(vocabulary.interfaces)))
            if way is Way.THROUGH:
                yield at != lo
    yield z3.Or(wire.is_(Field.FAMILY, "ipv4"), wire.is_(Field.FAMILY, "ipv6"))
    yield z3.ULE(CT_STATE, STATES["untracked"])
    if way is not Way.OUTWARD:
        # A mark is only in this machine's own mind.
        yield wire.is_(Field.MARK, 0)
        multicast = routed.is_(Field.DESTINATION4, IPv4Network("224.0.0.0/4"))
        everybody = routed.is_(Field.DESTINATION4, IPv4Address("255.255.255.255"))
        yield z3.Implies(routed.is_(Field.FAMILY, "ipv4"), (ADDRESS_TYPES["multicast"] == FIB_TYPE) == multicast)
        yield z3.Implies(everybody, ADDRESS_TYPES["broadcast"] == FIB_TYPE)
    if way is Way.INWARD:
        yield any_of(ADDRESS_TYPES[kind] == FIB_TYPE for kind in ("local", "broadcast", "multicast", "anycast"))
    if way in (Way.THROUGH, Way.NOWHERE):
        yield ADDRESS_TYPES["unicast"] == FIB_TYPE
        yield routed.is_(Field.FIB_ROUTE, "missing") == z3.BoolVal(way is Way.NOWHERE)


def obeys_conntrack(way: Way, wire: View) -> Iterator[z3.BoolRef]:
    """What connection tracking says of any packet (nf_conntrack_core.c, nf_nat_core.c)."""
    connected = z3.ULE(CT_STATE, STATES["related"])
    question, answer = CT_DIRECTION == 0, CT_DIRECTION == 1
    belongs = z3.And(connected, STATES["related"] != CT_STATE)
    redirected = bits("dnat", 1) == 1
    destination, source = wire.fields[Field.DESTINATION4].value, wire.fields[Field.SOURCE4].value
    yield z3.Implies(STATES["new"] == CT_STATE, question)
    # Only neighbours and groups are left out by the kernel itself (nf_conntrack_proto_icmpv6.c: noct_valid_new).
    left_out = (name for name in ICMP6_TYPES if name.startswith(("nd-", "mld")) and name != "nd-redirect")
    neighbours = z3.And(wire.is_(Field.FAMILY, "ipv6"), wire.is_(Field.ICMP6_TYPE, *left_out))
    yield z3.Implies(STATES["untracked"] == CT_STATE, neighbours)
    yield z3.Implies(z3.ULE(CT_STATE, STATES["related"]), z3.Not(neighbours))
    redirect = z3.And(wire.is_(Field.FAMILY, "ipv6"), wire.is_(Field.ICMP6_TYPE, "nd-redirect"))
    yield z3.Implies(z3.Or(STATES["new"] == CT_STATE, STATES["established"] == CT_STATE), z3.Not(redirect))
    # Without helpers, related is what tells of a connection: an ICMP error, or a reset that `reject` sends.
    errors4 = z3.Or(
        wire.is_(Field.ICMP_TYPE, "destination-unreachable", "time-exceeded", "parameter-problem"),
        wire.is_(Field.ICMP_TYPE, "source-quench", "redirect"),
    )
    errors6 = z3.Or(
        wire.is_(Field.ICMP6_TYPE, "destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem"),
        wire.is_(Field.ICMP6_TYPE, "nd-redirect"),
    )
    errors = z3.Or(
        z3.And(wire.is_(Field.FAMILY, "ipv4"), errors4),
        z3.And(wire.is_(Field.FAMILY, "ipv6"), errors6),
    )
    resets = wire.is_(Field.TCP_FLAGS_RST) if way is Way.OUTWARD else NEVER
    yield z3.Implies(STATES["related"] == CT_STATE, z3.Or(errors, resets))
    yield z3.Implies(z3.And(belongs, question), z3.And(destination == ORIGINAL_DESTINATION, ORIGINAL_PORT == DPORT))
    yield z3.Implies(
        z3.And(belongs, answer, z3.Not(redirected)), z3.And(source == ORIGINAL_DESTINATION, ORIGINAL_PORT == SPORT)
    )
    yield z3.Implies(
        z3.And(belongs, question, z3.Not(redirected)),
        z3.And(destination == CONNECTION_ADDRESS, CONNECTION_PORT == DPORT),
    )
