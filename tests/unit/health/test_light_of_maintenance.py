"""The light for remote maintenance: only where something can be opened, and never a fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.health.board import Board, headline
from appliance.health.model import Evidence, Light, State
from tests.unit.health.clinic import ALL_WELL, EXPECTED, show

CLINIC = replace(EXPECTED, terminals={"reception-1": "受付1", "doctor": "診察室"})


def maintenance(**how: str) -> Light | None:
    """how: of each terminal, its name written with an underscore."""
    board = Board()
    board.expect(CLINIC)
    show(board, 99.0, ALL_WELL)
    for name, reason in how.items():
        board.record(Evidence("maintenance.consent", name.replace("_", "-"), True, 100.0, reason))
    lights = board.lights(101.0)
    assert headline(lights).state is State.OK
    return next((light for light in lights if light.name == "maintenance"), None)


def test_where_nothing_can_be_opened_there_is_none() -> None:
    assert maintenance() is None


@pytest.mark.parametrize(
    ("one", "other", "cause", "where"),
    [
        ("closed", "closed", "closed", ""),
        ("open", "closed", "open", "受付1"),
        ("closed", "open", "open", "診察室"),
        ("open", "in-use", "in-use", "診察室"),
        ("in-use", "in-use", "in-use", "受付1、診察室"),
    ],
)
def test_it_says_how_far_it_is_open_and_where(one: str, other: str, cause: str, where: str) -> None:
    light = maintenance(reception_1=one, doctor=other)
    assert light is not None
    assert (light.state, light.cause) == (State.OK, f"maintenance.{cause}")
    assert where in light.summary.ja
    assert [part.cause for part in light.parts] == [f"maintenance.{how}-here" for how in (one, other)]


def test_it_is_not_known_for_longer_than_it_was_looked_at() -> None:
    board = Board()
    board.expect(CLINIC)
    board.record(Evidence("maintenance.consent", "doctor", True, 100.0, "open"))
    assert all(light.name != "maintenance" for light in board.lights(131.0))
