"""A packet of which nothing is known but what every packet obeys, and when a rule's match holds for it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import z3

from appliance.intent.firewall import Field, In, Match, MoreThan, NamedMap, NamedSet, Ports, Table, Value
from tests.unit.intent.proof.vocabulary import WIDTHS, NotTaughtError, Vocabulary, network

_TAUGHT = {
    NamedSet: {"name", "key", "why", "timeout", "interval", "elements", "dynamic", "size"},
    NamedMap: {"name", "key", "value", "why", "timeout"},
    Match: {"fields", "values", "negate"},
}
"""What the model's shapes consist of, as far as the proof knows."""


@dataclass(frozen=True, slots=True)
class Term:
    """value: bits, or a truth for conditions. present: a match on a field that is not there never holds."""

    value: z3.ExprRef
    present: z3.BoolRef


Fields = Mapping[Field, Term]

EVER = z3.BoolVal(True)
NEVER = z3.BoolVal(False)


def bits(name: str, width: int) -> z3.BitVecRef:
    return z3.BitVec(name, width)


def any_of(conditions: Iterable[z3.BoolRef]) -> z3.BoolRef:
    conditions = list(conditions)
    return z3.Or(*conditions) if conditions else NEVER


def all_of(conditions: Iterable[z3.BoolRef]) -> z3.BoolRef:
    conditions = list(conditions)
    return z3.And(*conditions) if conditions else EVER


class Sets:
    """The table's named sets and maps. What the settings decide is as they decide it; the rest may hold anything."""

    def __init__(self, table: Table, vocabulary: Vocabulary) -> None:
        know(NamedSet, NamedMap, Match)
        self._vocabulary = vocabulary
        self._sets = {wanted.name: wanted for wanted in table.sets}
        self._maps = {wanted.name: wanted for wanted in table.maps}
        self.translated: dict[object, z3.BoolRef] = {}
        """Matches that were met before with the same bits: building terms costs more than solving them."""
        self._asked: dict[tuple[object, ...], tuple[str, tuple[z3.ExprRef, ...]]] = {}

    def holds(self, name: str, key: tuple[z3.ExprRef, ...]) -> z3.BoolRef:
        wanted = self._sets.get(name) or self._maps[name]
        if isinstance(wanted, NamedMap) or wanted.elements is None:
            self._asked[name, *(part.get_id() for part in key)] = (name, key)
            return z3.Function(name, *map(_sort, wanted.key), z3.BoolSort())(*key)
        return any_of(
            all_of(self.same(kind, value, part) for kind, value, part in zip(wanted.key, element, key, strict=True))
            for element in wanted.elements
        )

    def asked(self) -> list[tuple[str, tuple[z3.ExprRef, ...]]]:
        """Which keys were looked up in what is filled at run time."""
        return list(self._asked.values())

    def key(self, name: str) -> tuple[str, ...]:
        return (self._sets.get(name) or self._maps[name]).key

    def is_map(self, name: str) -> bool:
        return name in self._maps

    def mapped(self, name: str, key: tuple[z3.ExprRef, ...]) -> z3.BitVecRef:
        wanted = self._maps[name]
        return z3.Function(f"{name} to", *map(_sort, wanted.key), _sort(wanted.value))(*key)

    def same(self, kind: str, wanted: Value, bits: z3.ExprRef) -> z3.BoolRef:
        if isinstance(wanted, Ports):
            return z3.And(z3.UGE(bits, wanted.first), z3.ULE(bits, wanted.last))
        net = network(wanted)
        if net is None:
            return bits == self._vocabulary.number(kind, wanted)
        if net.prefixlen == 0:
            return EVER
        top, width = bits.size() - 1, net.prefixlen
        return z3.Extract(top, top - width + 1, bits) == int(net.network_address) >> (net.max_prefixlen - width)


@dataclass(frozen=True, slots=True)
class View:
    """The packet at one point of its way, and the words in which rules and theorems speak of it."""

    fields: Fields
    sets: Sets

    def holds(self, match: Match) -> z3.BoolRef:
        terms = [self.fields[field] if field in self.fields else _unknown(field) for field in match.fields]
        key = (match, *(part.get_id() for term in terms for part in (term.value, term.present)))
        if key not in self.sets.translated:
            self.sets.translated[key] = self._translate(match, terms)
        return self.sets.translated[key]

    def _translate(self, match: Match, terms: list[Term]) -> z3.BoolRef:
        there = all_of(term.present for term in terms)
        if isinstance(match.values, In):
            found = self.sets.holds(match.values.set_name, tuple(term.value for term in terms))
        elif isinstance(match.values, MoreThan):
            # How many there are is anybody's guess; one answer for one key.
            found = self.sets.holds(match.values.set_name, tuple(term.value for term in terms))
        elif not match.values:
            found = terms[0].value
        else:
            found = any_of(self.sets.same(match.fields[0], value, terms[0].value) for value in match.values)
        return z3.And(there, z3.Not(found) if match.negate else found)

    def is_(self, field: Field, *values: Value) -> z3.BoolRef:
        """Nothing to compare with holds for no packet, unless the field is a condition by itself."""
        conditions = (Field.TCP_FLAGS_RST, Field.TCP_FLAGS_SYN, Field.CT_ENDS)
        return self.holds(Match((field,), values)) if values or field in conditions else NEVER

    def within(self, set_name: str, *fields: Field) -> z3.BoolRef:
        return self.holds(Match(fields, In(set_name)))


def know(*shapes: type) -> None:
    """Raise NotTaughtError when a shape of the model has grown since the proof was taught."""
    for shape in shapes:
        grown = {field.name for field in dataclasses.fields(shape)} - _TAUGHT[shape]
        if grown:
            raise NotTaughtError(
                f"{shape.__name__} has {', '.join(sorted(grown))}: teach it to tests/unit/intent/proof"
            )


def teach(shape: type, *names: str) -> None:
    _TAUGHT[shape] = set(names)


def _unknown(field: Field) -> Term:
    raise NotTaughtError(f"{field!r}: teach tests/unit/intent/proof/journey.py when a packet has it")


def _sort(kind: str) -> z3.BitVecSortRef:
    if kind not in WIDTHS:
        raise NotTaughtError(f"sets of {kind}: teach it to tests/unit/intent/proof/vocabulary.py")
    return z3.BitVecSort(WIDTHS[kind])
