"""The ways of a packet through the router's kernel: netfilter's hooks in their order, with conntrack and NAT between.

Five ways: `inward` (to the router itself), `through` (forwarded), `nowhere` (to be forwarded, and no route leads there:
what passes gets the kernel's own slow error), `fast` (forwarded by a flow table, which only `ingress` comes before) and
`outward` (from the router).
The routing decision is any that the kernel could take: where a theorem does not name the
interface, it holds whatever the routes say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import z3

from appliance.intent.firewall import Chain, Field, FlowTable, Hook, Jump, Rule, Table, TakeTurns
from tests.unit.intent.proof.arrival import (
    CONNECTION_ADDRESS,
    CONNECTION_PORT,
    CONNECTION_SOURCE,
    CONNECTION_SPORT,
    SPORT,
    Way,
    obeys_conntrack,
    obeys_the_kernel,
    packet,
    without_connection,
)
from tests.unit.intent.proof.packet import EVER, NEVER, Sets, Term, View, any_of, bits, know, teach
from tests.unit.intent.proof.vocabulary import STATES, NotTaughtError, Vocabulary
from tests.unit.intent.proof.walk import Step, Walk, walk

teach(Hook, "type", "hook", "priority", "policy", "devices")
teach(FlowTable, "name", "priority", "devices", "why")
teach(Table, "name", "sets", "maps", "counters", "chains", "flow_tables")

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
        self._wire = packet(way)
        self._now = {**self._wire, **without_connection(self._wire, "invalid")}
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
                *obeys_the_kernel(self._way, wire, self._routed, self._vocabulary),
                *obeys_conntrack(self._way, wire),
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
        for field, without in without_connection(self._wire, "untracked").items():
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
