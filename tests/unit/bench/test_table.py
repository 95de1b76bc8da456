"""The rows that benchmarks print and write."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.table import Goal, Row, combine, explain, publish, render

KEYS = ["what", "ours", "peer", "unit", "ratio", "goal", "reached"]


def test_a_row_has_the_promised_keys_in_their_order() -> None:
    row = Row("blackout", "ms", 211.4159, 3412.0, Goal("<=", 300))
    assert row.as_json() == {
        "what": "blackout",
        "ours": 211.4,
        "peer": 3412,
        "unit": "ms",
        "ratio": 0.06196,
        "goal": "<= 300",
        "reached": True,
    }
    assert list(row.as_json()) == KEYS


@pytest.mark.parametrize(
    ("ours", "goal", "reached"),
    [
        (300.0, Goal("<=", 300), True),
        (300.1, Goal("<=", 300), False),
        (100.0, Goal(">=", 100), True),
        (97.5, Goal(">=", 100), False),
        (0.0, Goal("<=", 0), True),
        (None, Goal("<=", 300), False),
        (1e9, None, None),
    ],
)
def test_a_goal_is_reached_or_missed_by_the_measured_value(
    ours: float | None, goal: Goal | None, reached: bool | None
) -> None:
    assert Row("it", "ms", ours, goal=goal).reached is reached


@pytest.mark.parametrize(("peer", "reached"), [(100.0, True), (99.0, False), (None, False), (0.0, False)])
def test_a_goal_of_the_ratio_is_reached_or_missed_by_it(peer: float | None, reached: bool) -> None:
    row = Row("it", "Mbit/s", 102.0, peer, Goal("<=", 1.02, of_ratio=True))
    assert (row.reached, row.as_json()["goal"]) == (reached, "<= 1.02 x")


def test_a_value_that_is_only_rounded_to_the_goal_misses_it() -> None:
    row = Row("it", "MB", 90.004, goal=Goal("<=", 90))
    assert (row.as_json()["ours"], row.reached) == (90, False)


@pytest.mark.parametrize(("ours", "peer"), [(None, 1.0), (1.0, None), (1.0, 0.0)])
def test_there_is_no_ratio_without_both(ours: float | None, peer: float | None) -> None:
    assert Row("it", "ms", ours, peer).ratio is None


@given(st.floats(min_value=1e-9, max_value=1e12), st.floats(min_value=1e-9, max_value=1e12))
def test_what_is_written_is_close_to_what_was_measured(ours: float, peer: float) -> None:
    written = json.loads(json.dumps(Row("it", "s", ours, peer).as_json()))
    assert written["ours"] == pytest.approx(ours, rel=6e-4)
    assert written["peer"] == pytest.approx(peer, rel=6e-4)
    assert written["ratio"] == pytest.approx(ours / peer, rel=6e-4)


def test_a_table_of_tables_says_what_its_parts_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    publish("one", "seen so", [Row("it", "MB", 90.004, goal=Goal("<=", 90))], {"cpu": "x"}, tmp_path)
    publish("two", "and so", [Row("other", "ms", 1.0, 2.0)], {"cpu": "y"}, tmp_path)
    capsys.readouterr()
    rows = combine("all", "together", ["one", "two"], tmp_path)
    assert [(row["what"], row["reached"]) for row in rows] == [("it", False), ("other", None)]
    assert json.loads((tmp_path / "all.json").read_text()) == rows
    assert json.loads((tmp_path / "all.machine.json").read_text())["two: how"] == "and so"
    assert capsys.readouterr().out.startswith("all: together\n")
    with pytest.raises(FileNotFoundError):
        combine("all", "together", ["three"], tmp_path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_measurement_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not a measurement"):
        Row("it", "s", value).as_json()


def test_only_two_comparisons_are_goals() -> None:
    with pytest.raises(ValueError, match="not a comparison"):
        Goal("<", 1)


def test_the_table_says_what_was_missed() -> None:
    shown = render([Row("first", "ms", 1234.5, 2.0), Row("second", "MB", 91.0, goal=Goal("<=", 90))]).splitlines()
    assert shown[0].split() == ["ours", "peer", "unit", "ratio", "goal", "reached", "what"]
    assert shown[1].split() == ["1,234", "2", "ms", "617.2", "first"]
    assert shown[2].split() == ["91", "-", "MB", "-", "<=", "90", "NO", "second"]
    assert len({line.index(word) for line, word in zip(shown, ("what", "first", "second"), strict=True)}) == 1


def test_files_hold_the_rows_and_where_they_come_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    directory = tmp_path / "build" / "bench"
    row = Row("遅延", "ms", 1.0, 2.0)
    publish("it", "how it was measured", [row], {"kernel": "6.12"}, directory)
    assert json.loads((directory / "it.json").read_text()) == [row.as_json()]
    assert json.loads((directory / "it.machine.json").read_text()) == {"how": "how it was measured", "kernel": "6.12"}
    assert "遅延" in (directory / "it.json").read_text()
    assert capsys.readouterr().out.startswith("it: how it was measured\n")


def test_a_profile_is_kept_only_while_a_goal_is_missed(tmp_path: Path) -> None:
    file = tmp_path / "it-profile.txt"
    explain("it", [Row("it", "ms", 2.0, goal=Goal("<=", 1))], "why\n", tmp_path)
    assert file.read_text() == "why\n"
    explain("it", [Row("it", "ms", 1.0, goal=Goal("<=", 1)), Row("other", "ms", 1.0)], "why\n", tmp_path)
    assert not file.exists()
    explain("it", [], "why\n", tmp_path)
