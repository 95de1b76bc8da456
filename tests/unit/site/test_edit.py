"""A page writes settings section by section; what people wrote beside it stays."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.site.edit import SECTIONS, edited, judged
from appliance.site.load import SiteError, parse

EXAMPLE = (Path(__file__).parents[3] / "docs" / "site.example.toml").read_text()
TERMINAL = {"name": "desk", "label": "受付2", "mac": "02:00:00:00:02:12", "address": "192.0.2.12"}


def test_a_router_is_set_up_from_nothing() -> None:
    text = ""
    for section, value in (
        ("terminals", [TERMINAL]),
        (
            "lan",
            {"interface": "lan0", "address": "192.0.2.1/26", "dhcp": {"first": "192.0.2.32", "last": "192.0.2.40"}},
        ),
        ("vendor", {"name": "サンプル商会", "phone": "03-0000-0000"}),
        ("language", "ja"),
        ("wan", {"kind": "dhcp", "interface": "wan0"}),
    ):
        assert judged(text).problems
        draft = edited(text, section, value)
        assert draft.values[section] == value
        text = draft.text
    assert judged(text).problems == ()
    site = parse(text)
    assert site.terminals[0].label == "受付2"
    assert str(site.lan.address) == "192.0.2.1/26"


def test_comments_of_people_stay() -> None:
    draft = edited(EXAMPLE, "wan", {"kind": "dhcp", "interface": "eth7"})
    before, after = EXAMPLE.splitlines(), draft.text.splitlines()
    assert [line for line in before if line not in after] == ['interface = "wan0"']
    assert [line for line in after if line not in before] == ['interface = "eth7"']


def test_a_section_can_be_taken_out() -> None:
    draft = edited(EXAMPLE, "vendor", None)
    assert "vendor" not in draft.values
    assert not draft.problems
    assert edited(draft.text, "vendor", None).text == draft.text


def test_what_is_missing_is_told_by_section() -> None:
    problems = judged('[lan]\ninterface = "lan0"\n').as_dict()["problems"]
    assert {(problem["section"], problem["key"]) for problem in problems} == {("wan", "wan"), ("lan", "lan.address")}
    assert all(problem["text"]["ja"] and problem["text"]["en"] for problem in problems)


def test_a_wrong_value_is_told_where_it_is() -> None:
    draft = edited(EXAMPLE, "terminals", [TERMINAL, {**TERMINAL, "address": "198.51.100.1"}])
    assert {problem.key[0] for problem in draft.problems} == {"terminals"}


@pytest.mark.parametrize("section", ["", "wan.kind", "firewall", "['wan']"])
def test_other_sections_are_refused(section: str) -> None:
    with pytest.raises(SekishoError) as refusal:
        edited(EXAMPLE, section, {})
    assert refusal.value.code == "site.no-such-section"


def test_what_toml_cannot_say_is_refused() -> None:
    for value in ({"kind": None}, [None], {"a": [{"b": None}]}):
        with pytest.raises(SekishoError) as refusal:
            edited(EXAMPLE, "wan", value)
        assert refusal.value.code == "site.not-written"


def test_a_file_that_is_no_toml_is_not_written_over() -> None:
    with pytest.raises(SiteError):
        edited("[wan\n", "language", "ja")


plain = st.text(max_size=30) | st.integers(-(2**62), 2**62) | st.booleans()
names = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True) | st.text(min_size=1, max_size=5)
tables = st.dictionaries(
    names, plain | st.lists(plain, max_size=3) | st.dictionaries(names, plain, max_size=3), max_size=4
)
values = plain | st.lists(plain, max_size=3) | tables | st.lists(tables, max_size=3)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(SECTIONS), values | st.none()), max_size=5), st.sampled_from(["", EXAMPLE]))
def test_whatever_is_written_is_read_back_and_nothing_else_moves(writes: list[tuple[str, Any]], text: str) -> None:
    for section, value in writes:
        before = tomllib.loads(text)
        try:
            draft = edited(text, section, value)
        except SekishoError as refusal:
            assert refusal.code == "site.not-written"
            continue
        after = tomllib.loads(draft.text)
        assert after.pop(section, None) == value
        before.pop(section, None)
        assert after == before
        text = draft.text
