"""The light for print notices: only where a terminal has such a channel, and never a fault of its own in an outage."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.health.board import Board, headline
from appliance.health.model import Evidence, Light, State
from tests.unit.health.clinic import ALL_WELL, EXPECTED, Change, show

CLINIC = replace(EXPECTED, terminals={"reception-1": "受付1", "doctor": "診察室"})
NO_LINE: tuple[Change, ...] = (
    ("wan.carrier", "wan0", False),
    *(("tunnel.path", name, False) for name in ("dc1", "dc2")),
    *(
        ("engine.proof", f"{service}@{address}", False, "timeout")
        for service in ("receipt", "receipt-gate")
        for address in ("203.0.113.17", "203.0.113.33")
    ),
)


def board(*changes: Change) -> tuple[Light, ...]:
    board = Board()
    board.expect(CLINIC)
    show(board, 99.0, ALL_WELL)
    show(board, 100.0, changes)
    return board.lights(101.0)


def push(lights: tuple[Light, ...]) -> Light | None:
    return next((light for light in lights if light.name == "push"), None)


def test_where_nobody_asks_for_it_there_is_no_light() -> None:
    assert push(board()) is None


def test_it_is_well() -> None:
    light = push(board(("push.channel", "reception-1", True)))
    assert light is not None
    assert (light.state, light.cause, [part.title.ja for part in light.parts]) == (State.OK, "push.ok", ["受付1"])


@pytest.mark.parametrize("reason", ["waiting", "silent", "lost"])
def test_why_not(reason: str) -> None:
    lights = board(("push.channel", "reception-1", False, reason))
    light = push(lights)
    assert light is not None
    assert (light.cause, light.root) == (f"push.{reason}", None)
    assert headline(lights).text.ja.startswith("レセコンは使えます。")


def test_some_of_them() -> None:
    light = push(board(("push.channel", "reception-1", True), ("push.channel", "doctor", False, "silent")))
    assert light is not None
    assert (light.state, light.cause) == (State.WARNING, "push.some")
    assert "診察室" in light.summary.ja


def test_an_outage_explains_it() -> None:
    lights = board(*NO_LINE, ("push.channel", "reception-1", False, "waiting"))
    light = push(lights)
    assert light is not None
    assert light.root == "line"
    assert lights[0].name == "line"


def test_it_is_forgotten_with_its_channel() -> None:
    board = Board()
    board.expect(CLINIC)
    board.record(Evidence("push.channel", "reception-1", True, 100.0))
    assert push(board.lights(101.0)) is not None
    assert push(board.lights(200.0)) is None
