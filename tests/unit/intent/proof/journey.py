"""The ways of a packet through the router's kernel: netfilter's hooks in their order, with conntrack and NAT between.

Five ways: `inward` (to the router itself), `through` (forwarded), `nowhere` (to be forwarded, and no route leads there:
what passes gets the kernel's own slow error), `fast` (forwarded by a flow table, which only `ingress` comes before) and
`outward` (from the router).
The routing decision is any that the kernel could take: where a theorem does not name the
interface, it holds whatever the routes say. A connection that exists may have begun at any time,
under any content of the sets; what every connection obeys is in `_obeys_conntrack`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network

import z3

from appliance.intent.firewall import Chain, Field, FlowTable, Hook, Jump, Rule, Table, TakeTurns
from tests.unit.intent.proof.packet import EVER, NEVER, Fields, Sets, Term, View, any_of, bits, know, teach
from tests.unit.intent.proof.vocabulary import (
    ADDRESS_TYPES,
    ICMP6_TYPES,
    ICMP_TYPES,
    PROTOCOLS,
    STATES,
    NotTaughtError,
    Vocabulary,
)
from tests.unit.intent.proof.walk import Step, Walk, walk

teach(Hook, "type", "hook", "priority", "policy", "devices")
teach(FlowTable, "name", "priority", "devices", "why")
teach(Table, "name", "sets", "maps", "counters", "chains", "flow_tables")


class Way(StrEnum):
    INWARD = "inward"
    THROUGH = "through"
    NOWHERE = "nowhere"
    FAST = "fast"
    OUTWARD = "outward"


_HOOKS = {
    Way.INWARD: ("ingress", "prerouting", "input"),
    Way.THROUGH: ("ingress", "prerouting", "forward", "postrouting"),
    Way.NOWHERE: ("ingress", "prerouting"),
    Way.FAST: ("ingress",),
    Way.OUTWARD: ("output", "postrouting"),
}
_PRIORITIES = {"raw": -300, "mangle": -150, "dstnat": -100, "filter": 0, "security": 50, "srcnat": 100}
_CONNTRACK = -200
"""NF_IP_PRI_CONNTRACK: before it, a packet has no connection yet."""
_DNAT = -100

SPORT, DPORT = bits("sport", 16), bits("dport", 16)
CT_STATE, CT_DIRECTION = bits("ct state", 3), bits("ct direction", 1)
ORIGINAL_DESTINATION, ORIGINAL_PORT = bits("original destination", 32), bits("original port", 16)
CONNECTION_ADDRESS, CONNECTION_PORT = bits("destination of the connection", 32), bits("port of the connection", 16)
"""Where a connection that exists leads, after NAT, in the direction of the packet."""
CONNECTION_SOURCE = bits("sender of the connection", 32)
CONNECTION_SPORT = bits("sender's port of the connection", 16)
"""As whom the other side knows who sends this packet."""
FIB_TYPE = bits("fib type", 3)


@dataclass(frozen=True, slots=True)
class Journey:
    """One packet's whole way. wire: as it arrives (or is sent); routed: as `input`, `forward` and `output` see it.

    passes, dropped, refused: exactly one holds. forgotten: dropped before connection tracking
    could take note of it. fresh: the first packet of a connection, for which NAT is decided.
    source: the IPv4 sender it leaves with, if this is when NAT decides. departs: as it leaves, whenever that was.
    """

    way: Way
    wire: View
    routed: View
    lawful: z3.BoolRef
    passes: z3.BoolRef
    dropped: z3.BoolRef
    refused: z3.BoolRef
    forgotten: z3.BoolRef
    untracked: z3.BoolRef
    clamped: z3.BoolRef
    offloaded: z3.BoolRef
    fresh: z3.BoolRef
    redirected: z3.BoolRef
    source: z3.BitVecRef
    departs: View
    counted: dict[str, z3.BoolRef]
    steps: tuple[Step, ...]

    def is_counted(self, counter: str) -> z3.BoolRef:
        return self.counted.get(counter, NEVER)


def journey(way: Way, table: Table, vocabulary: Vocabulary, sets: Sets) -> Journey:
    know(Table, Hook, FlowTable)
    _refuse_unknown_hooks(table)
    traveller = _Traveller(way, table, vocabulary, sets)
    for hook in _HOOKS[way]:
        traveller.meet(hook)
    return traveller.arrived()


def ways_by(table: Table, chain: Chain) -> tuple[Way, ...]:
    """The ways on which a packet can meet the chain."""
    above = {base.hook.hook for base in table.chains if base.hook and chain.name in _below(table, base)}
    return tuple(way for way in Way if above & set(_HOOKS[way]))


def _below(table: Table, chain: Chain) -> set[str]:
    called = {name for rule in chain.rules for name in _called(rule)}
    return {chain.name}.union(*(_below(table, one) for one in table.chains if one.name in called))


def _called(rule: Rule) -> tuple[str, ...]:
    match rule.verdict:
        case Jump(chain):
            return (chain,)
        case TakeTurns(chains):
            return chains
        case _:
            return ()


class _Traveller:
    """Where the packet is now, and what has become of it so far."""

    def __init__(self, way: Way, table: Table, vocabulary: Vocabulary, sets: Sets) -> None:
        self._way, self._table, self._vocabulary = way, table, vocabulary
        self._chains = {chain.name: chain for chain in table.chains}
        self._sets = sets
        self._wire = _packet(way)
        self._now = {**self._wire, **_without_connection(self._wire, "invalid")}
        self._is_tracked = self._is_routed = False
        self._alive: z3.BoolRef = EVER
        self._dropped: list[z3.BoolRef] = []
        self._refused: list[z3.BoolRef] = []
        self._forgotten: list[z3.BoolRef] = []
        self._untracked: list[z3.BoolRef] = []
        self._clamped: list[z3.BoolRef] = []
        self._offloaded: list[z3.BoolRef] = []
        self._counted: dict[str, list[z3.BoolRef]] = {}
        self._steps: list[Step] = []
        self._redirected: z3.BoolRef = NEVER
        self._source = self._wire[Field.SOURCE4].value
        self._chosen: list[z3.BoolRef] = []
        self._routed = View(self._now, self._sets)

    def meet(self, hook: str) -> None:
        if hook in ("input", "forward"):
            self._route()
        for priority, chain in _base_chains(self._table, hook):
            if priority > _CONNTRACK and hook != "ingress":
                self._track()
            if priority > _DNAT and hook == "prerouting":
                self._follow_the_connection()
            if hook == "output" and priority >= _PRIORITIES["filter"]:
                self._routed = self._view()
            assert chain.hook is not None
            if chain.hook.type == "nat":
                self._translate(hook, chain)
            else:
                self._note(chain, walk(self._chains, chain, self._view(), self._met(chain.hook)))
        if hook != "ingress":
            self._track()

    def arrived(self) -> Journey:
        if self._way is Way.NOWHERE:
            self._route()
        wire = View(self._wire, self._sets)
        return Journey(
            way=self._way,
            wire=wire,
            routed=self._routed,
            lawful=z3.And(
                *_obeys_the_kernel(self._way, wire, self._routed, self._vocabulary),
                *_obeys_conntrack(self._way, wire),
                *self._chosen,
            ),
            passes=self._alive,
            dropped=any_of(self._dropped),
            refused=any_of(self._refused),
            forgotten=any_of(self._forgotten),
            untracked=any_of(self._untracked),
            clamped=any_of(self._clamped),
            offloaded=any_of(self._offloaded),
            fresh=self._fresh(),
            redirected=self._redirected,
            source=self._source,
            departs=self._view(),
            counted={name: any_of(conditions) for name, conditions in self._counted.items()},
            steps=tuple(self._steps),
        )

    def _view(self) -> View:
        return View(dict(self._now), self._sets)

    def _met(self, hook: Hook) -> z3.BoolRef:
        """An ingress chain meets only what comes in by its devices."""
        if hook.hook != "ingress":
            return self._alive
        _refuse_late_guards(self._table, hook)
        return z3.And(self._alive, self._view().is_(Field.IIF, *hook.devices))

    def _note(self, chain: Chain, done: Walk) -> None:
        self._tell(done)
        self._offloaded += done.offloaded
        self._dropped += done.dropped
        self._refused += done.refused
        self._clamped += done.clamped
        if not self._is_tracked:
            self._forgotten += done.dropped
            self._untracked += done.untracked
        elif done.untracked:
            raise NotTaughtError("notrack after connection tracking does nothing")
        passed_by = z3.And(self._alive, z3.Not(self._met(chain.hook)))
        self._alive = any_of([*done.accepted, passed_by])

    def _tell(self, done: Walk) -> None:
        self._steps += done.steps
        for name, conditions in done.counted.items():
            self._counted.setdefault(name, []).extend(conditions)

    def _track(self) -> None:
        """Connection tracking finds the packet's connection, unless a rule kept the packet away from it."""
        if self._is_tracked:
            return
        self._is_tracked = True
        kept_away = any_of(self._untracked)
        for field, without in _without_connection(self._wire, "untracked").items():
            found = self._wire[field]
            self._now[field] = Term(
                z3.If(kept_away, without.value, found.value), z3.If(kept_away, without.present, found.present)
            )

    def _fresh(self) -> z3.BoolRef:
        is_new = self._wire[Field.CT_STATE].value == STATES["new"]
        return z3.And(is_new, z3.Bool("first packet"), z3.Not(any_of(self._untracked)))

    def _translate(self, hook: str, chain: Chain) -> None:
        """Only the first packet of a connection meets a nat chain."""
        done = walk(self._chains, chain, self._view(), z3.And(self._alive, self._fresh()))
        self._tell(done)
        if done.dropped or done.refused or done.untracked or done.clamped:
            raise NotTaughtError(f"{chain.name}: a nat chain only translates")
        self._chosen += [one.lawful for one in done.translations]
        match hook:
            case "prerouting":
                address, port = self._now[Field.DESTINATION4].value, self._now[Field.TCP_DPORT].value
                to_address, to_port = address, port
                for one in reversed(done.translations):
                    to_address = z3.If(one.condition, one.address, to_address)
                    to_port = to_port if one.port is None else z3.If(one.condition, one.port, to_port)
                changed = z3.Or(to_address != address, to_port != port)
                self._redirected = z3.And(any_of(one.condition for one in done.translations), changed)
                self._becomes(to_address, to_port)
            case "postrouting":
                port = SPORT
                for one in reversed(done.translations):
                    self._source = z3.If(one.condition, one.address, self._source)
                    port = port if one.port is None else z3.If(one.condition, one.port, port)
                self._departs_as(self._source, port)
            case _:
                raise NotTaughtError(f"nat at {hook}")

    def _follow_the_connection(self) -> None:
        """A connection that exists keeps the destination that it was given when it began."""
        if self._is_routed:
            return
        self._is_routed = True
        known = z3.And(self._now[Field.CT_DIRECTION].present, z3.Not(self._fresh()))
        self._becomes(
            z3.If(known, CONNECTION_ADDRESS, self._now[Field.DESTINATION4].value),
            z3.If(known, CONNECTION_PORT, self._now[Field.TCP_DPORT].value),
        )
        status = self._now[Field.CT_STATUS]
        dnat = z3.If(self._redirected, z3.BitVecVal(1, 1), z3.BitVecVal(0, 1))
        self._now[Field.CT_STATUS] = Term(z3.If(self._fresh(), dnat, status.value), status.present)

    def _departs_as(self, address: z3.ExprRef, port: z3.ExprRef) -> None:
        """A connection that exists keeps the sender that it was given when it began."""
        known = z3.And(self._now[Field.CT_DIRECTION].present, z3.Not(self._fresh()))
        for field, former, chosen in (
            (Field.SOURCE4, CONNECTION_SOURCE, address),
            (Field.SPORT, CONNECTION_SPORT, port),
            (Field.UDP_SPORT, CONNECTION_SPORT, port),
            (Field.ICMP_ID, CONNECTION_SPORT, port),
        ):
            self._now[field] = Term(z3.If(known, former, chosen), self._now[field].present)

    def _becomes(self, address: z3.ExprRef, port: z3.ExprRef) -> None:
        for field, value in (
            (Field.DESTINATION4, address),
            (Field.DPORT, port),
            (Field.TCP_DPORT, port),
            (Field.UDP_DPORT, port),
        ):
            self._now[field] = Term(value, self._now[field].present)

    def _route(self) -> None:
        self._follow_the_connection()
        if self._way is Way.THROUGH:
            self._now[Field.OIF] = Term(bits("oif", 8), EVER)
        self._routed = self._view()


def _packet(way: Way) -> dict[Field, Term]:
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


def _without_connection(wire: Fields, state: str) -> Fields:
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


def _obeys_the_kernel(way: Way, wire: View, routed: View, vocabulary: Vocabulary) -> Iterator[z3.BoolRef]:
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


def _obeys_conntrack(way: Way, wire: View) -> Iterator[z3.BoolRef]:
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


def _refuse_late_guards(table: Table, hook: Hook) -> None:
    """The `fast` way is right only when every ingress chain comes before the flow tables, on each side's devices."""
    if any(_priority(flows.priority) <= _priority(hook.priority) for flows in table.flow_tables):
        raise NotTaughtError(f"{hook}: an ingress chain after a flow table does not see the packets on the fast path")


def _base_chains(table: Table, hook: str) -> list[tuple[int, Chain]]:
    """In the order in which the kernel calls them. Raises NotTaughtError."""
    chains = [
        (_priority(chain.hook.priority), chain)
        for chain in table.chains
        if chain.hook is not None and chain.hook.hook == hook
    ]
    if len({priority for priority, _ in chains}) < len(chains):
        raise NotTaughtError(f"two chains of one priority at {hook}: their order is the kernel's secret")
    return sorted(chains, key=lambda one: one[0])


def _priority(words: str) -> int:
    """A priority as nft(8) writes it: a name, a number, or a name and a distance."""
    name, sign, distance = re.fullmatch(r"(-?\w+)(?: ([+-]) (\d+))?", words).groups()  # type: ignore[union-attr]
    if name not in _PRIORITIES and not name.lstrip("-").isdigit():
        raise NotTaughtError(f"priority {words}")
    base = _PRIORITIES[name] if name in _PRIORITIES else int(name)
    return base + int(f"{sign or '+'}{distance or 0}")


def _refuse_unknown_hooks(table: Table) -> None:
    for chain in table.chains:
        if chain.hook is not None and (
            chain.hook.type not in ("filter", "nat") or not any(chain.hook.hook in met for met in _HOOKS.values())
        ):
            raise NotTaughtError(f"{chain.hook}: teach it to tests/unit/intent/proof/journey.py")
