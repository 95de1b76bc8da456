"""The table of docs/firewall.md: every rule names a promise of it, and every promise has rules and tests that exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from appliance.intent.firewall import Table
from appliance.intent.model import RouterIntent
from tests.unit.intent.proof.theorems import THEOREMS
from tests.unit.intent.test_firewall_properties import PROPERTIES
from tests.unit.intent.test_golden import CLINICS, compiled
from tests.unit.intent.worlds import accounts_without_tunnels, intents

PROJECT = Path(__file__).parents[3]
some = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])


@dataclass(frozen=True, slots=True)
class Row:
    """name: with which the comments of its rules begin. tests: of tests, files of tests, properties and theorems."""

    name: str
    promise: str
    tests: tuple[str, ...]


@cache
def rows() -> tuple[Row, ...]:
    page = (PROJECT / "docs" / "firewall.md").read_text()
    table = page.split("| comment | promise | rule (chain) | proven by |\n|---|---|---|---|\n")[1].split("\n\n")[0]
    cells = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in table.splitlines())
    return tuple(Row(name, promise, tuple(re.findall(r"`(\w+)`", tests))) for name, promise, _, tests in cells)


def named(table: Table) -> Iterator[tuple[str, str]]:
    """Every comment of a rule, a set or a map, and the name that it begins with."""
    rules = [rule.why for chain in table.chains for rule in chain.rules]
    for why in (*rules, *(item.why for item in table.sets), *(item.why for item in table.maps)):
        yield why, why.partition(": ")[0]


def nameless(table: Table) -> list[str]:
    known = {row.name for row in rows()}
    return [why for why, name in named(table) if name not in known]


@pytest.mark.parametrize("clinic", CLINICS)
def test_every_rule_names_its_promise(clinic: str) -> None:
    assert nameless(compiled(clinic).firewall) == []


@some
@given(intents())
def test_every_rule_names_its_promise_in_any_clinic(intent: RouterIntent) -> None:
    assert nameless(intent.firewall) == []


@some
@given(intents(accounts_without_tunnels()))
def test_every_rule_names_its_promise_without_tunnels(intent: RouterIntent) -> None:
    assert nameless(intent.firewall) == []


def test_every_promise_has_rules() -> None:
    kept = {name for clinic in CLINICS for _, name in named(compiled(clinic).firewall)}
    assert [row.name for row in rows() if row.name not in kept] == []


def test_every_promise_has_tests_and_they_exist() -> None:
    proven = {theorem.promise for theorem in THEOREMS}
    assert [row.name for row in rows() if not row.tests and row.promise not in proven] == []
    known = existing()
    assert [name for row in rows() for name in row.tests if name not in known] == []


def test_every_theorem_is_about_a_promise() -> None:
    promises = {row.promise for row in rows()}
    assert [theorem.name for theorem in THEOREMS if theorem.promise not in promises] == []


def existing() -> set[str]:
    files = [*(PROJECT / "tests").rglob("test_*.py")]
    functions = {
        item.name
        for file in files
        for item in ast.parse(file.read_text()).body
        if isinstance(item, ast.FunctionDef) and item.name.startswith("test_")
    }
    properties = {holds.__name__ for holds in PROPERTIES}
    return functions | properties | {file.stem for file in files}
