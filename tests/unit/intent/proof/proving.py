"""Theorems about a clinic's rule set: proven for all packets, or refuted by one that is printed with its path."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import z3

from appliance.intent.firewall import Field, Table
from appliance.intent.model import RouterIntent
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey, journey
from tests.unit.intent.proof.packet import Sets
from tests.unit.intent.proof.vocabulary import Vocabulary

Claim = Callable[[Facts, Journey], z3.BoolRef]


@dataclass(frozen=True, slots=True)
class Theorem:
    """promise: as docs/firewall.md names it."""

    name: str
    promise: str
    way: Way
    claim: Claim


@dataclass(frozen=True, slots=True)
class Story:
    """One packet that Z3 has found; as text the packet, and the rules that it met in their order."""

    travels: Journey
    model: z3.ModelRef
    vocabulary: Vocabulary

    def __str__(self) -> str:
        return _told(self.travels, self.model, self.vocabulary)


@dataclass(frozen=True, slots=True)
class Refutation:
    """A packet for which the theorem is false."""

    theorem: Theorem
    story: Story

    def __str__(self) -> str:
        return f"{self.theorem.name} ({self.theorem.promise}) is false for this packet:\n{self.story}"


_registered: list[Theorem] = []


def always(promise: str, *ways: Way) -> Callable[[Claim], Claim]:
    """Register a claim as a theorem about every packet on each of `ways`."""

    def register(claim: Claim) -> Claim:
        _registered.extend(
            Theorem(claim.__name__ + (f"_{way}" if len(ways) > 1 else ""), promise, way, claim) for way in ways
        )
        return claim

    return register


def registered() -> list[Theorem]:
    return _registered


class Court:
    """Everything that is needed to judge one clinic's table, or a changed version of it on some of the ways."""

    def __init__(self, intent: RouterIntent) -> None:
        self.vocabulary = Vocabulary(intent.firewall)
        self.facts = Facts(intent, self.vocabulary)
        self._sets = Sets(intent.firewall, self.vocabulary)
        self.journeys = self._journeys(intent.firewall, Way)

    def for_mutant(self, table: Table, ways: Iterable[Way]) -> Court:
        """The same sets, words and facts for a table whose rules differ."""
        court = copy.copy(self)
        court.journeys = self._journeys(table, ways)
        return court

    def _journeys(self, table: Table, ways: Iterable[Way]) -> dict[Way, Journey]:
        return {way: journey(way, table, self.vocabulary, self._sets) for way in ways}

    def laws(self, way: Way) -> tuple[z3.BoolRef, ...]:
        """What every packet on this way obeys."""
        return (self.journeys[way].lawful, *self.facts.of_the_router(self.journeys[way]))

    def solver(self, way: Way) -> z3.Solver:
        # Z3's usual one looks for a strategy first, which takes it several times as long as the answer.
        solver = z3.SimpleSolver()
        solver.add(*self.laws(way))
        return solver

    def refutations(self, theorems: Iterable[Theorem]) -> Iterator[Refutation]:
        """In the order of the theorems."""
        solvers = {way: self.solver(way) for way in self.journeys}
        for theorem in theorems:
            if theorem.way in solvers:
                refutation = self._judge(theorem, solvers[theorem.way])
                if refutation:
                    yield refutation

    def _judge(self, theorem: Theorem, solver: z3.Solver) -> Refutation | None:
        travels = self.journeys[theorem.way]
        solver.push()
        try:
            solver.add(z3.Not(theorem.claim(self.facts, travels)))
            if solver.check() == z3.unsat:
                return None
            return Refutation(theorem, Story(travels, solver.model(), self.vocabulary))
        finally:
            solver.pop()


def _told(travels: Journey, model: z3.ModelRef, vocabulary: Vocabulary) -> str:
    def holds(condition: z3.BoolRef) -> bool:
        return z3.is_true(model.eval(condition, model_completion=True))

    def value(field: Field) -> str | None:
        term = travels.routed.fields[field]
        if not holds(term.present):
            return None
        found = model.eval(term.value, model_completion=True)
        return vocabulary.word(field, found.as_long()) if z3.is_bv_value(found) else str(found).lower()

    sent = travels.wire.fields[Field.DESTINATION4].value
    lines = [f"  {field.value}: {said}" for field in Field if (said := value(field)) is not None]
    if holds(travels.redirected):
        lines.append(f"  sent to {vocabulary.word('ipv4_addr', model.eval(sent, model_completion=True).as_long())}")
    fate = next(word for word in ("passes", "dropped", "refused") if holds(getattr(travels, word)))
    path = [f"  {step.chain}: {step.why}" for step in travels.steps if holds(step.condition)]
    return "\n".join([f" {travels.way}, {fate}", *lines, " rules:", *path])
