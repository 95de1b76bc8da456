"""A table with one rule left out, or with two neighbouring rules swapped; and whether that is the same table still."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import z3

from appliance.intent.firewall import Chain, Field, Rule, Table
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.journey import Journey, ways_by
from tests.unit.intent.proof.proving import Court, Story


@dataclass(frozen=True, slots=True)
class Mutant:
    """place: chain and reason of a rule that was left out; None where two were swapped. ways: on which a packet could
    notice."""

    what: str
    place: tuple[str, str] | None
    table: Table
    ways: tuple[Way, ...]


def mutants(table: Table) -> Iterator[Mutant]:
    """Every rule once left out, every two neighbours once swapped."""
    for chain in table.chains:
        rules = chain.rules
        for at, rule in enumerate(rules):
            rest = (*rules[:at], *rules[at + 1 :])
            yield _mutant(table, chain, rest, f"without {_name(at, rule)}", (chain.name, rule.why))
        for at, (one, other) in enumerate(itertools.pairwise(rules)):
            swapped = (*rules[:at], other, one, *rules[at + 2 :])
            yield _mutant(table, chain, swapped, f"with {_name(at, one)} after {_name(at + 1, other)}")


@dataclass(frozen=True, slots=True)
class Difference:
    """A packet that has another fate in the other table."""

    here: Story
    there: Story

    def __str__(self) -> str:
        return f"{self.here}\n{self.there}"


def difference(one: Court, other: Court) -> Difference | None:
    """A packet with another fate in the other table, None when Z3 proves that there is none."""
    for way in other.journeys:
        here, there = one.journeys[way], other.journeys[way]
        solver = one.solver(way)
        solver.add(z3.Not(_same_fate(here, there)))
        if solver.check() != z3.unsat:
            model = solver.model()
            return Difference(Story(here, model, one.vocabulary), Story(there, model, one.vocabulary))
    return None


def _same_fate(here: Journey, there: Journey) -> z3.BoolRef:
    """All that can be seen of it: verdict, answer, counters, NAT, connection tracking, segment size."""
    nat_matters = z3.Or(here.passes, there.passes)
    tracking_matters = z3.Not(z3.Or(here.forgotten, there.forgotten))
    return z3.And(
        here.passes == there.passes,
        here.dropped == there.dropped,
        here.refused == there.refused,
        here.forgotten == there.forgotten,
        z3.Implies(tracking_matters, here.untracked == there.untracked),
        z3.Implies(here.passes, here.clamped == there.clamped),
        z3.Implies(here.passes, here.offloaded == there.offloaded),
        z3.Implies(
            nat_matters,
            z3.And(
                here.redirected == there.redirected,
                here.source == there.source,
                *(
                    here.routed.fields[field].value == there.routed.fields[field].value
                    for field in (Field.DESTINATION4, Field.TCP_DPORT)
                ),
            ),
        ),
        *(here.is_counted(counter) == there.is_counted(counter) for counter in {*here.counted, *there.counted}),
    )


def _mutant(
    table: Table, chain: Chain, rules: tuple[Rule, ...], what: str, place: tuple[str, str] | None = None
) -> Mutant:
    changed = dataclasses.replace(chain, rules=rules)
    chains = tuple(changed if one.name == chain.name else one for one in table.chains)
    return Mutant(f"{chain.name} {what}", place, dataclasses.replace(table, chains=chains), ways_by(table, chain))


def _name(at: int, rule: Rule) -> str:
    return f"rule {at + 1} ({rule.why})"
