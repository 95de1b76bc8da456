"""A packet's walk through one base chain and the chains below it: which rules it meets, and what becomes of it.

Semantics of nft(8): a rule fires when all its matches hold; accept ends this base chain, drop and
reject end the packet, what has no verdict goes on to the next rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import z3

from appliance.intent.firewall import (
    Accept,
    Chain,
    ClampMss,
    Count,
    Drop,
    Field,
    Forget,
    Jump,
    MarkConnection,
    Masquerade,
    Note,
    NoTrack,
    Offload,
    RedirectByMap,
    RedirectTo,
    Refuse,
    Remember,
    Rule,
    SourceNat,
    TakeTurns,
)
from tests.unit.intent.proof.packet import EVER, Term, View, bits, know, teach
from tests.unit.intent.proof.vocabulary import NotTaughtError

for shape, names in (
    (Rule, ("matches", "verdict", "why", "counter")),
    (Chain, ("name", "hook", "rules")),
    (Accept, ()),
    (Drop, ()),
    (Refuse, ()),
    (Jump, ("chain",)),
    (TakeTurns, ("chains",)),
    (MarkConnection, ("mark",)),
    (Remember, ("set_name", "fields", "seconds")),
    (Note, ("set_name", "fields", "seconds")),
    (Forget, ("set_name", "fields")),
    (SourceNat, ("address", "ports")),
    (Masquerade, ()),
    (RedirectByMap, ("address", "fields", "map_name")),
    (RedirectTo, ("address", "port")),
    (ClampMss, ()),
    (NoTrack, ()),
    (Count, ()),
    (Offload, ("flow_table",)),
):
    teach(shape, *names)

TURN = bits("turn", 8)
NAT_PORT = bits("port that NAT takes", 16)


ADDRESS_OF_THE_LINE = bits("address of the line", 32)
"""Whatever address the interface has by which a packet leaves."""


@dataclass(frozen=True, slots=True)
class Step:
    """A rule that fires when `condition` holds; rule None: the base chain's policy."""

    chain: str
    rule: Rule | None
    condition: z3.BoolRef

    @property
    def why(self) -> str:
        return self.rule.why if self.rule else "policy"


@dataclass(frozen=True, slots=True)
class Translation:
    """New address and port (None: as it was) of a connection that begins, when `condition` holds.

    Where the kernel may take any of several ports, `port` is any number, and `lawful` says which ones it can be.
    """

    condition: z3.BoolRef
    address: z3.ExprRef
    port: z3.ExprRef | None
    lawful: z3.BoolRef = EVER


@dataclass(slots=True)
class Walk:
    """What happened in one base chain; each condition includes that the packet came here."""

    steps: list[Step] = field(default_factory=list)
    accepted: list[z3.BoolRef] = field(default_factory=list)
    dropped: list[z3.BoolRef] = field(default_factory=list)
    refused: list[z3.BoolRef] = field(default_factory=list)
    untracked: list[z3.BoolRef] = field(default_factory=list)
    clamped: list[z3.BoolRef] = field(default_factory=list)
    offloaded: list[z3.BoolRef] = field(default_factory=list)
    translations: list[Translation] = field(default_factory=list)
    counted: dict[str, list[z3.BoolRef]] = field(default_factory=dict)


def walk(chains: Mapping[str, Chain], base: Chain, view: View, comes: z3.BoolRef) -> Walk:
    """comes: when the packet enters the chain. Raises NotTaughtError."""
    know(Rule, Chain)
    done = Walk()
    rest = _through(chains, base, view, comes, done, ())
    assert base.hook is not None
    match base.hook.policy:
        case "accept":
            done.accepted.append(rest)
        case "drop":
            done.dropped.append(rest)
            done.steps.append(Step(base.name, None, rest))
        case other:
            raise NotTaughtError(f"policy {other}")
    return done


def _through(
    chains: Mapping[str, Chain], chain: Chain, view: View, comes: z3.BoolRef, done: Walk, above: tuple[str, ...]
) -> z3.BoolRef:
    """Returns when the packet comes out at the end of the chain."""
    if chain.name in above:
        raise NotTaughtError(f"{chain.name} jumps to itself")
    for rule in chain.rules:
        matched = z3.And(comes, *(view.holds(match) for match in rule.matches))
        if rule.counter:
            done.counted.setdefault(rule.counter, []).append(matched)
        know(type(rule.verdict))
        fires, ends = matched, True
        match rule.verdict:
            case Accept():
                done.accepted.append(matched)
            case Drop():
                done.dropped.append(matched)
            case Refuse():
                done.refused.append(matched)
            case Jump(name):
                done.steps.append(Step(chain.name, rule, matched))
                rest = _through(chains, chains[name], view, matched, done, (*above, chain.name))
                comes = z3.Or(rest, z3.And(comes, z3.Not(matched)))
                continue
            case RedirectByMap(address, fields, map_name):
                key = tuple(view.fields[one].value for one in fields)
                # A key that the map does not have is a match that does not hold.
                fires = z3.And(matched, *(view.fields[one].present for one in fields), view.sets.holds(map_name, key))
                to = z3.BitVecVal(int(address), 32)
                done.translations.append(Translation(fires, to, view.sets.mapped(map_name, key)))
                done.accepted.append(fires)
            case RedirectTo(address, port):
                to = z3.BitVecVal(int(address), 32)
                done.translations.append(Translation(fires, to, z3.BitVecVal(port, 16)))
                done.accepted.append(fires)
            case TakeTurns(names):
                done.steps.append(Step(chain.name, rule, matched))
                turns = [z3.And(matched, turn == TURN) for turn in range(len(names))]
                # No packet knows whose turn it is; there are no more turns than chains.
                turns[-1] = z3.And(matched, z3.UGE(TURN, len(names) - 1))
                below = (*above, chain.name)
                taken = zip(names, turns, strict=True)
                rests = [_through(chains, chains[name], view, at, done, below) for name, at in taken]
                comes = z3.Or(*rests, z3.And(comes, z3.Not(matched)))
                continue
            case SourceNat(address, None):
                done.translations.append(Translation(fires, z3.BitVecVal(int(address), 32), None))
                done.accepted.append(fires)
            case SourceNat(address, ports):
                within = z3.And(z3.UGE(NAT_PORT, ports.first), z3.ULE(NAT_PORT, ports.last))
                to = z3.BitVecVal(int(address), 32)
                done.translations.append(Translation(fires, to, NAT_PORT, z3.Implies(fires, within)))
                done.accepted.append(fires)
            case Remember() | Forget():
                done.accepted.append(matched)
            case Masquerade():
                done.translations.append(Translation(fires, ADDRESS_OF_THE_LINE, None))
                done.accepted.append(fires)
            case NoTrack():
                done.untracked.append(matched)
                ends = False
            case ClampMss():
                done.clamped.append(matched)
                ends = False
            case Offload():
                # nft_flow_offload.c: a packet without an established connection, or that resets it, does not fire it.
                lasts = z3.And(view.is_(Field.CT_STATE, "established"), z3.Not(view.is_(Field.TCP_FLAGS_RST)))
                fires, ends = z3.And(matched, lasts), False
                done.offloaded.append(fires)
            case MarkConnection(mark):
                # As far as this chain: whoever asks later, in another, may find any mark.
                former = view.fields[Field.CT_MARK]
                marked = z3.If(matched, z3.BitVecVal(mark, 32), former.value)
                view = View({**view.fields, Field.CT_MARK: Term(marked, former.present)}, view.sets)
                ends = False
            case Count() | Note():
                ends = False
            case other:
                raise NotTaughtError(f"verdict {other!r}: teach it to tests/unit/intent/proof/walk.py")
        done.steps.append(Step(chain.name, rule, fires))
        if ends:
            comes = z3.And(comes, z3.Not(fires))
    return comes
