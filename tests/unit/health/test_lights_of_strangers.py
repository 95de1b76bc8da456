"""Machines that the LAN's rules refuse: told in the router's light, and forgotten."""

from __future__ import annotations

from dataclasses import replace

from appliance.health.board import Board, headline
from appliance.health.model import State
from tests.unit.health.clinic import ALL_WELL, EXPECTED, Change, board_with, by_name, show

REPLACED: Change = ("lan.stranger", "192.0.2.10 02:00:00:00:02:99", False, "another-card", "受付")
MOVED: Change = ("lan.stranger", "192.0.2.40 02:00:00:00:02:11", False, "another-address", "診察室")


def unknown_machine(number: int) -> Change:
    return ("lan.stranger", f"192.0.2.50 02:00:00:00:03:{number:02x}", False, "not-listed")


def test_a_stranger_is_told_in_words_and_with_its_numbers() -> None:
    lights = board_with(unknown_machine(1), MOVED, REPLACED).lights(101.0)
    router = by_name(lights)["router"]
    assert (router.state, router.cause) == (State.WARNING, "router.strangers")
    assert "02:00:00:00:02:99" in router.summary.ja
    assert {part.cause for part in router.parts} == {
        "router.another-card",
        "router.another-address",
        "router.not-listed",
    }
    assert router.parts[-1].cause == "router.not-listed"
    assert any("受付" in part.summary.ja and "192.0.2.10" in part.title.ja for part in router.parts)
    assert headline(lights).text.ja.startswith("レセコンは使えます。")


def test_since_when_each_one_knocks() -> None:
    board = board_with(REPLACED)
    board.lights(100.5)
    show(board, 108.0, (*ALL_WELL, REPLACED, unknown_machine(1)))
    router = by_name(board.lights(109.0))["router"]
    assert {part.cause: part.since for part in router.parts} == {
        "router.another-card": 100.5,
        "router.not-listed": 109.0,
    }
    assert router.since == 100.5


def test_of_many_some_are_named_and_all_counted() -> None:
    router = by_name(board_with(*map(unknown_machine, range(40))).lights(101.0))["router"]
    assert len(router.parts) == 40
    assert "ほか37台" in router.summary.ja
    assert "37 more" in router.summary.en


def test_whoever_knocks_no_more_is_forgotten() -> None:
    board = board_with(REPLACED, MOVED, (*MOVED[:2], True))
    assert [part.title.ja for part in by_name(board.lights(101.0))["router"].parts] == [
        "192.0.2.10（02:00:00:00:02:99）"
    ]
    show(board, 140.0, ALL_WELL)
    assert by_name(board.lights(140.0))["router"].cause == "router.ok"


def test_cards_that_somebody_invents_do_not_pile_up() -> None:
    board = Board()
    board.expect(EXPECTED)
    for number in range(200):
        show(board, 100.0 + 10 * number, [unknown_machine(number)])
    show(board, 100.0 + 10 * 199, ALL_WELL)
    assert len(by_name(board.lights(100.0 + 10 * 199))["router"].parts) == 2
    assert len(board._facts.strangers()) == 2


def test_one_who_is_listed_by_now_is_forgotten_at_once() -> None:
    board = board_with(REPLACED, MOVED)
    board.expect(replace(EXPECTED, listed=frozenset({REPLACED[1]})))
    router = by_name(board.lights(101.0))["router"]
    assert [part.cause for part in router.parts] == ["router.another-address"]


def test_what_is_broken_is_told_before_who_knocks() -> None:
    board = board_with(REPLACED, ("router.engine", "bird", False, "dead"))
    assert by_name(board.lights(101.0))["router"].cause == "router.helper"
