"""Packets that the model dreams up, made real by routes, sets, connections and bytes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import z3
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.packet import Packet, Raw

from appliance.intent import names
from appliance.intent.firewall import Field, Value
from tests.unit.intent.proof.arrival import (
    CONNECTION_ADDRESS,
    CONNECTION_PORT,
    CT_DIRECTION,
    CT_STATE,
    DPORT,
    FIB_TYPE,
    SPORT,
    Way,
)
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.packet import any_of, bits
from tests.unit.intent.proof.proving import Court, Story
from tests.unit.intent.proof.vocabulary import ADDRESS_TYPES, PROTOCOLS, STATES, STRANGER
from tests.unit.intent.proof.walk import Step

ALL_HOSTS = IPv4Address("224.0.0.1")
"""The one group that every host has joined (RFC 1112)."""
EVERYBODY = IPv4Address("255.255.255.255")
OTHER_USER = 12345
NETWORKS = tuple(IPv4Network(net) for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24"))
_ERRORS = ("destination-unreachable", "time-exceeded", "parameter-problem")


@dataclass(frozen=True, slots=True)
class Real:
    """A packet and the world around it. number: its IP identification. elements: set or map, key, value of a map."""

    number: int
    way: Way
    path: tuple[tuple[str, str], ...]
    words: dict[Field, str]
    sport: int
    dport: int
    is_tcp_syn: bool
    routed_to: str
    connection: IPv4Address
    connection_port: int
    elements: tuple[tuple[str, tuple[str, ...], str | None], ...]
    story: str

    @property
    def interface_out(self) -> str:
        return self.words[Field.OIF].strip("'")

    @property
    def packet(self) -> Packet:
        ip = IP(
            src=self.words[Field.SOURCE4],
            dst=self.words[Field.DESTINATION4],
            id=self.number,
            ttl=int(self.words[Field.TTL]),
        )
        match self.words[Field.L4PROTO]:
            case "tcp":
                flags = "R" if self.words[Field.TCP_FLAGS_RST] == "true" else "S" if self.is_tcp_syn else "A"
                return ip / TCP(sport=self.sport, dport=self.dport, flags=flags, seq=1, ack=1)
            case "udp":
                return ip / UDP(sport=self.sport, dport=self.dport) / b"?"
            case "icmp":
                return ip / self._icmp()
            case other:
                number = PROTOCOLS.get(other) or int(other)
                ip.proto = number
                return ip / Raw(bytes(8))

    def _icmp(self) -> Packet:
        names_of = {"destination-unreachable": 3, "time-exceeded": 11, "parameter-problem": 12}
        kind = self.words[Field.ICMP_TYPE]
        if kind not in names_of:
            number = {"echo-request": 8, "echo-reply": 0, "redirect": 5}[kind]
            return ICMP(type=number, id=self.sport) / b"?"
        # About a datagram that went the other way, of the connection if there is one.
        about = IP(src=self.words[Field.DESTINATION4], dst=str(IPv4Address(int(self.connection) ^ 1)))
        return (
            ICMP(type=names_of[kind], code=1 if kind != "parameter-problem" else 0)
            / about
            / UDP(sport=self.sport, dport=self.dport)
        )

    def conntrack(self) -> list[str] | None:
        """Arguments for conntrack(8) that make the packet's connection known, None where it has none."""
        state, protocol = self.words[Field.CT_STATE], self.words[Field.L4PROTO]
        if state not in ("established", "related"):
            return None
        here, there = self.words[Field.SOURCE4], self.words[Field.DESTINATION4]
        ports = (self.sport, self.dport)
        if state == "related":
            protocol, here, ports = (
                "udp",
                str(IPv4Address(int(self.connection) ^ 1)),
                (self.dport or 1, self.sport or 1),
            )
        begun_here = self.words[Field.CT_DIRECTION] == "original"
        connection, port = str(self.connection), self.connection_port
        if state == "related":
            connection, port = there, ports[1]
        # As it began: what NAT makes of it, the kernel works out for itself.
        begun = (here, there, *ports) if begun_here else (connection, here, port, ports[0])
        words = ["-I", "-p", protocol, "-t", "100", "-u", "SEEN_REPLY,ASSURED", "-s", begun[0], "-d", begun[1]]
        match protocol:
            case "tcp" | "udp":
                words += ["--sport", str(begun[2]), "--dport", str(begun[3])]
                words += ["--state", "ESTABLISHED"] if protocol == "tcp" else []
            case "icmp":
                words += ["--icmp-type", "8", "--icmp-code", "0", "--icmp-id", str(self.sport)]
        if connection != there or port != ports[1]:
            words += ["-g", f"{connection}:{port}"] if begun_here else ["-n", f"{there}:{ports[1]}"]
        return words


def targets(court: Court) -> Iterator[tuple[Journey, Step]]:
    """Without the fast path, where nothing is met that other ways do not meet."""
    for travels in court.journeys.values():
        if travels.way is not Way.FAST:
            yield from ((travels, step) for step in travels.steps)


def dream(court: Court, travels: Journey, step: Step, number: int, luck: random.Random) -> Real | None:
    """A packet that meets the rule, as unlike others as luck wants; None when no real packet does."""
    solver = z3.Solver()
    solver.add(*court.laws(travels.way), *_can_be_made(court, travels), step.condition)
    if solver.check() == z3.unsat:
        return None
    for wish in _wishes(court, travels, luck):
        solver.push()
        solver.add(wish)
        if solver.check() == z3.unsat:
            solver.pop()
    solver.check()
    return _real(court, travels, solver.model(), number)


def _real(court: Court, travels: Journey, model: z3.ModelRef, number: int) -> Real:
    def eval_(term: z3.ExprRef) -> z3.ExprRef:
        return model.eval(term, model_completion=True)

    words: dict[Field, str] = {}
    for field in Field:
        seen = travels.routed if field in (Field.OIF, Field.FIB_DESTINATION_TYPE) else travels.wire
        term = seen.fields[field]
        if z3.is_true(eval_(term.present)):
            found = eval_(term.value)
            is_bits = z3.is_bv_value(found)
            words[field] = court.vocabulary.word(field, found.as_long()) if is_bits else str(found).lower()
    elements = set()
    for name, key in travels.wire.sets.asked():
        if z3.is_true(eval_(travels.wire.sets.holds(name, key))):
            kinds = travels.wire.sets.key(name)
            parts = tuple(
                court.vocabulary.word(kind, eval_(part).as_long()) for kind, part in zip(kinds, key, strict=True)
            )
            value = str(eval_(travels.wire.sets.mapped(name, key))) if travels.wire.sets.is_map(name) else None
            elements.add((name, parts, value))
    return Real(
        number=number,
        way=travels.way,
        path=tuple((one.chain, one.why) for one in travels.steps if z3.is_true(eval_(one.condition))),
        words=words,
        sport=eval_(SPORT).as_long(),
        dport=eval_(DPORT).as_long(),
        is_tcp_syn=z3.is_true(eval_(z3.Bool("syn"))),
        routed_to=str(IPv4Address(eval_(travels.routed.fields[Field.DESTINATION4].value).as_long())),
        connection=IPv4Address(eval_(CONNECTION_ADDRESS).as_long()),
        connection_port=eval_(CONNECTION_PORT).as_long(),
        elements=tuple(sorted(elements, key=repr)),
        story=str(Story(travels, model, court.vocabulary)),
    )


def _can_be_made(court: Court, p: Journey) -> Iterator[z3.BoolRef]:
    """Where our means end: what a raw socket, conntrack(8) and plain routes can bring about."""
    wire, facts = p.wire, court.facts
    source, destination = wire.fields[Field.SOURCE4].value, wire.fields[Field.DESTINATION4].value
    arrives = p.way is not Way.OUTWARD
    shouted = wire.is_(Field.DESTINATION4, EVERYBODY)
    asks = z3.And(source == 0, shouted)
    yield wire.is_(Field.FAMILY, "ipv4")
    yield wire.is_(Field.L4PROTO, "tcp", "udp", "icmp", "gre")
    yield z3.Or(wire.is_(Field.SOURCE4, *NETWORKS), z3.And(z3.BoolVal(arrives), asks))
    yield z3.Or(
        wire.is_(Field.DESTINATION4, *NETWORKS),
        z3.And(z3.BoolVal(p.way is Way.INWARD), z3.Or(shouted, wire.is_(Field.DESTINATION4, ALL_HOSTS))),
    )
    yield z3.And(source != destination, z3.UGE(wire.fields[Field.TTL].value, 2))
    yield z3.And(SPORT != 0, DPORT != 0, CONNECTION_PORT != 0)
    yield z3.And(STATES["untracked"] != CT_STATE, z3.Bool("first packet"))
    own = (*facts.routers, facts.intent.inner_address)
    broadcasts = {segment.address.network.broadcast_address: segment.interface for segment in facts.segments}
    if arrives:
        yield z3.Bool("comes by Ethernet")
        ether = wire.fields[Field.ETHER_SOURCE].value
        yield z3.And(z3.Extract(40, 40, ether) == 0, ether != 0, z3.Not(wire.is_(Field.IIF, "lo")))
        missing = wire.is_(Field.FIB_SOURCE_INTERFACE, "missing")
        yield z3.Implies(wire.is_(Field.SOURCE4, *own), missing)
        for broadcast, interface in broadcasts.items():
            there = z3.And(wire.is_(Field.IIF, interface), z3.Not(missing))
            yield z3.Implies(wire.is_(Field.SOURCE4, broadcast), there)
        yield z3.Implies(source == 0, missing)
        type_of = {EVERYBODY: "broadcast", ALL_HOSTS: "multicast", **dict.fromkeys(broadcasts, "broadcast")}
        for address, kind in type_of.items():
            at = p.routed.is_(Field.DESTINATION4, address)
            yield z3.Implies(at, ADDRESS_TYPES[kind] == FIB_TYPE)
        yield z3.Implies(
            z3.Or(ADDRESS_TYPES["broadcast"] == FIB_TYPE, ADDRESS_TYPES["multicast"] == FIB_TYPE),
            p.routed.is_(Field.DESTINATION4, *type_of),
        )
        yield ADDRESS_TYPES["anycast"] != FIB_TYPE
        # The route back to a sender and the way ahead are laid for each by itself.
        routed = p.routed.fields[Field.DESTINATION4].value
        yield routed != source
        yield z3.Implies(p.redirected, wire.sets.mapped(names.GATE_OPEN, (destination, DPORT)) != 0)
    else:
        yield z3.Bool("has an owner")
        yield wire.is_(Field.UID, 0, OTHER_USER, *court.vocabulary.users)
        yield z3.Not(wire.is_(Field.OIF, "lo"))
        yield z3.Not(wire.is_(Field.DESTINATION4, *own, *broadcasts))
    yield from _has_its_state(p, z3.BoolVal(arrives))


def _has_its_state(p: Journey, arrives: z3.BoolRef) -> Iterator[z3.BoolRef]:
    """nf_conntrack_proto_tcp.c, nf_conntrack_proto_icmp.c: which packet gets which state."""
    wire = p.wire
    tcp, udp = wire.is_(Field.L4PROTO, "tcp"), wire.is_(Field.L4PROTO, "udp")
    icmp, errors = wire.is_(Field.L4PROTO, "icmp"), wire.is_(Field.ICMP_TYPE, *_ERRORS)
    syn, rst = z3.Bool("syn"), z3.Bool("rst")
    echo, reply = wire.is_(Field.ICMP_TYPE, "echo-request"), wire.is_(Field.ICMP_TYPE, "echo-reply")
    answers = CT_DIRECTION == 1
    yield z3.Not(z3.And(syn, rst))
    yield z3.Implies(icmp, z3.Or(echo, reply, errors))
    yield z3.Implies(STATES["new"] == CT_STATE, z3.And(z3.Implies(tcp, syn), z3.Implies(icmp, echo)))
    yield z3.Implies(
        STATES["established"] == CT_STATE,
        z3.And(z3.Or(tcp, udp, icmp), z3.Not(syn), z3.Implies(icmp, z3.And(echo == z3.Not(answers), reply == answers))),
    )
    yield z3.Implies(
        STATES["invalid"] == CT_STATE, z3.And(z3.Or(tcp, icmp), z3.Implies(tcp, z3.Not(syn)), z3.Not(echo))
    )
    yield z3.Implies(STATES["related"] == CT_STATE, errors)
    yield z3.Implies(errors, z3.Or(STATES["related"] == CT_STATE, STATES["invalid"] == CT_STATE))
    destination = wire.fields[Field.DESTINATION4].value
    redirected = bits("dnat", 1) == 1
    plain = z3.And(destination == CONNECTION_ADDRESS, CONNECTION_PORT == DPORT)
    yield z3.Implies(z3.Or(STATES["established"] != CT_STATE, icmp, z3.Not(arrives)), plain)
    yield z3.Implies(z3.Or(answers, z3.Not(arrives), STATES["related"] == CT_STATE, icmp), z3.Not(redirected))
    yield z3.Implies(answers, CONNECTION_PORT == DPORT)
    yield z3.Implies(redirected, z3.Not(plain))
    yield z3.Implies(destination != CONNECTION_ADDRESS, wire.fields[Field.SOURCE4].value != CONNECTION_ADDRESS)
    within = any_of(
        z3.Extract(31, 32 - net.prefixlen, CONNECTION_ADDRESS) == int(net.network_address) >> (32 - net.prefixlen)
        for net in NETWORKS
    )
    yield z3.Or(plain, within)
    yield z3.Implies(z3.Not(wire.is_(Field.DESTINATION4, *NETWORKS)), plain)


def _wishes(court: Court, p: Journey, luck: random.Random) -> list[z3.BoolRef]:
    """Values that our rules know, and strangers', in an order that luck decides."""
    facts = court.facts
    addresses: list[Value] = [
        *facts.routers,
        facts.intent.inner_address,
        *(network[2] for network in facts.intent.lan.networks),
        *facts.names_inside,
        *(host.address for host in facts.intent.lan.hosts),
        *(tunnel.peer_address for tunnel in facts.intent.tunnels),
        *facts.intent.tunnel_dns,
        *(network[0] for network in facts.intent.monitoring),
        *(network[luck.randrange(1, 255)] for network in NETWORKS),
        facts.intent.lan.address.network[50],
    ]
    ports = [
        53,
        67,
        68,
        80,
        123,
        443,
        3784,
        names.PAGE_PORT,
        names.PAGE_REDIRECT_PORT,
        names.METRICS_PORT,
        names.OUTSIDE_NAMES_PORT,
        *facts.gate_ports,
    ]
    ports.append(luck.randrange(1, 65536))
    interfaces = [*facts.intent.lan.interfaces, *facts.lines, *facts.tunnels, STRANGER]
    wire = p.wire
    wishes = [
        wire.is_(Field.SOURCE4, luck.choice(addresses)),
        wire.is_(Field.DESTINATION4, luck.choice(addresses)),
        int(IPv4Address(str(luck.choice(addresses)))) == CONNECTION_ADDRESS,
        luck.choice((SPORT, DPORT)) == luck.choice(ports),
        luck.choice(ports) == DPORT,
        wire.is_(Field.L4PROTO, luck.choice(("tcp", "udp", "icmp", "gre"))),
        luck.randrange(4) == CT_STATE,
        luck.randrange(2) == CT_DIRECTION,
        wire.is_(Field.TTL, luck.choice((64, 255))),
        z3.Bool("rst") if luck.random() < 0.3 else z3.Bool("syn"),
        wire.is_(Field.MARK, luck.choice((0, facts.probe_mark))),
        p.routed.is_(Field.OIF, luck.choice(interfaces)),
        wire.is_(Field.IIF, luck.choice(interfaces)),
        luck.randrange(4) == FIB_TYPE,
        bits("dnat", 1) == luck.randrange(2),
    ]
    wishes += [
        court.journeys[p.way].wire.sets.holds(name, key) == z3.BoolVal(luck.random() < 0.5)
        for name, key in p.wire.sets.asked()
    ]
    if facts.intent.lan.hosts:
        host = luck.choice(facts.intent.lan.hosts)
        wishes.append(wire.is_(Field.ETHER_SOURCE, host.mac))
    luck.shuffle(wishes)
    return wishes
