"""Evidence → lights of lines and paths: which of two contradicting pieces counts, and from when on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from appliance.health.board import Board, Expected, headline
from appliance.health.model import Evidence, State
from tests.unit.health.clinic import EXPECTED, Change, board_with, by_name, causes, down, proofs, show, without


def test_no_address_counts_only_after_a_while() -> None:
    board = board_with()
    lost = (("wan.address", "wan0", False), *down("dc1", "dc2"), *proofs(False, "unreachable"))
    for at in (101.0, 105.0, 110.0, 115.0, 115.9):
        show(board, at, lost)
    assert causes(board.lights(115.9))["line"] == "line.checking"
    lights = board.lights(116.0)
    assert (lights[0].cause, lights[0].root) == ("line.no-address", None)
    assert {light.name for light in lights if light.root == "line"} == {"tunnel", "engine"}


@pytest.mark.parametrize("reason", ["no-advertisement", "advertised-no-address", "no-resolvers"])
def test_a_line_by_ipv6_says_what_it_lacks(reason: str) -> None:
    board = board_with()
    lost = (("wan.address", "wan0", False, reason), *down("dc1", "dc2"), *proofs(False, "unreachable"))
    for at in (101.0, 105.0, 110.0, 116.0):
        show(board, at, lost)
    lights = board.lights(116.0)
    assert (lights[0].cause, lights[0].root) == (f"line.{reason}", None)
    assert {light.name for light in lights if light.root == "line"} == {"tunnel", "engine"}


STARTING: tuple[Change, ...] = (
    *without("wan.address", "wan.gateway", "tunnel.", "engine."),
    ("wan.address", "wan0", False),
    *(
        (kind, name, False)
        for kind in ("tunnel.endpoint", "tunnel.handshake", "tunnel.path")
        for name in ("dc1", "dc2")
    ),
    ("engine.name", "receipt", False),
    ("engine.name", "receipt-gate", False),
)


def test_a_router_that_has_just_started_sends_nobody_to_the_line_equipment() -> None:
    board = Board()
    board.expect(EXPECTED)
    for at in (100.0, 104.0, 108.0, 112.0, 114.9):
        show(board, at, STARTING)
        lights = board.lights(at)
        assert {light.state for light in lights} == {State.OK, State.UNKNOWN}
        assert "確認しています" in headline(lights).text.ja
    show(board, 115.0, STARTING)
    lights = board.lights(115.0)
    assert causes(lights) | {"router": "", "certificates": ""} == {
        "router": "",
        "line": "line.no-address",
        "tunnel": "tunnel.name-not-found",
        "engine": "engine.name-not-found",
        "certificates": "",
    }
    assert lights[0].name == "line"


def test_a_gateway_that_never_answered_gets_the_same_time() -> None:
    board = board_with(("wan.gateway", "wan0", False), base=without("wan.gateway", "tunnel.", "engine."))
    assert causes(board.lights(101.0))["line"] == "line.checking"
    assert causes(board.lights(115.0))["line"] == "line.gateway-silent"


def test_packets_that_come_back_outweigh_a_silent_gateway() -> None:
    light = by_name(board_with(("wan.gateway", "wan0", False)).lights(101.0))["line"]
    assert light.cause == "line.ok"


def test_a_path_that_works_outweighs_what_should_explain_its_failure() -> None:
    lights = board_with(("tunnel.handshake", "dc1", False), ("tunnel.endpoint", "dc2", False)).lights(101.0)
    assert causes(lights)["tunnel"] == "tunnel.ok"


def test_a_pulled_cable_counts_at_once_even_if_the_path_was_up_a_moment_ago() -> None:
    board = board_with()
    show(board, 101.0, (("wan.carrier", "wan0", False),))
    show(board, 101.2, (("tunnel.path", "dc1", True),))
    assert by_name(board.lights(101.5))["line"].cause == "line.no-cable"


def test_a_path_that_still_works_contradicts_a_cable_said_to_be_out() -> None:
    board = board_with()
    show(board, 101.0, (("wan.carrier", "wan0", False),))
    show(board, 107.0, (("tunnel.path", "dc1", True),))
    assert by_name(board.lights(107.0))["line"].cause == "line.ok"


def test_a_proof_from_before_the_outage_says_nothing_about_now() -> None:
    board = board_with()
    show(board, 110.0, down("dc1", "dc2"))
    lights = board.lights(111.0)
    assert causes(lights)["engine"] == "engine.waiting"
    assert by_name(lights)["engine"].root == "tunnel"
    assert headline(lights).text.ja.startswith("レセコンにつながりません。")


def test_a_proof_made_during_an_outage_of_the_paths_shows_that_packets_pass() -> None:
    board = board_with()
    for at in (110.0, 114.0, 118.0, 122.0):
        show(board, at, down("dc1", "dc2"))
    show(board, 120.0, proofs(True))
    lights = board.lights(122.0)
    assert causes(lights)["tunnel"] == "tunnel.unwatched"
    assert causes(lights)["engine"] == "engine.ok"
    assert causes(lights)["line"] == "line.ok"


def test_the_spare_in_use_by_choice_is_no_fault() -> None:
    light = by_name(board_with(("tunnel.carrying", "dc1", False), ("tunnel.carrying", "dc2", True)).lights(101.0))[
        "tunnel"
    ]
    assert (light.cause, light.state) == ("tunnel.ok-on-spare", State.OK)


def test_engines_silent_behind_one_path_are_told_of_that_path() -> None:
    light = by_name(board_with(("tunnel.engines", "dc1", False), ("tunnel.engines", "dc2", True)).lights(101.0))[
        "tunnel"
    ]
    assert (light.cause, light.state) == ("tunnel.on-spare", State.WARNING)
    assert light.parts[0].cause == "tunnel.no-engine"


def test_what_the_operator_wishes_is_told_and_is_no_fault() -> None:
    light = by_name(board_with(("tunnel.pinned", "dc2", True)).lights(101.0))["tunnel"]
    assert (light.cause, light.state) == ("tunnel.ok-pinned", State.OK)
    light = by_name(board_with(("tunnel.drained", "dc1", True)).lights(101.0))["tunnel"]
    assert (light.cause, light.state) == ("tunnel.one-drained", State.WARNING)
    assert {part.cause for part in light.parts} == {"tunnel.ok", "tunnel.drained"}


def test_a_drained_path_is_no_evidence_that_anything_works() -> None:
    board = board_with(("tunnel.drained", "dc1", True))
    for at in (110.0, 114.0, 118.0):
        show(board, at, (("tunnel.drained", "dc1", True), *down("dc2")))
    light = by_name(board.lights(118.0))["tunnel"]
    assert light.state is State.FAILED


def test_one_path_up_and_the_other_unheard_of() -> None:
    light = by_name(board_with(base=without("tunnel.path dc2")).lights(101.0))["tunnel"]
    assert (light.cause, light.parts[0].state) == ("tunnel.one-unknown", State.UNKNOWN)


def test_carrying_is_the_tunnel_seen_to_carry_just_now() -> None:
    board = board_with()
    assert board.carrying(101.0) == "dc1"
    show(board, 102.0, (("tunnel.carrying", "dc1", False), ("tunnel.carrying", "dc2", True)))
    assert board.carrying(103.0) == "dc2"
    assert board.carrying(200.0) is None


@pytest.mark.parametrize(("dead", "cause"), [((), "same-range"), (("usb0",), "no-spare"), (("wan0",), "on-spare")])
def test_two_lines_with_the_same_range_both_work(dead: tuple[str, ...], cause: str) -> None:
    board = Board()
    board.expect(Expected(lines={"wan": "wan0", "backup_wan": "usb0"}))
    for interface in ("wan0", "usb0"):
        for kind in ("wan.carrier", "wan.address", "wan.gateway"):
            board.record(Evidence(kind, interface, interface not in dead, 100.0))
        board.record(Evidence("wan.apart", interface, False, 100.0, "same-range", "192.0.2.64/28"))
    line = by_name(board.lights(101.0))["line"]
    assert (line.state, line.cause) == (State.WARNING, f"line.{cause}")
    assert [part.cause for part in line.parts] == ["line.no-cable"] * len(dead) + ["line.same-range"] * (2 - len(dead))
    assert all("192.0.2.64/28" in part.summary.ja for part in line.parts if part.cause == "line.same-range")
    for interface in ("wan0", "usb0"):
        board.record(Evidence("wan.apart", interface, True, 102.0))
    assert "same-range" not in str([part.cause for part in by_name(board.lights(103.0))["line"].parts])


@pytest.mark.parametrize(
    ("dead", "cause"), [((), "line.ok"), (("usb0",), "line.no-spare"), (("wan0",), "line.on-spare")]
)
def test_of_two_lines_one_may_be_lost(dead: tuple[str, ...], cause: str) -> None:
    board = Board()
    board.expect(Expected(lines={"wan": "wan0", "backup_wan": "usb0"}))
    for interface in ("wan0", "usb0"):
        works = interface not in dead
        for kind in ("wan.carrier", "wan.address", "wan.gateway"):
            board.record(Evidence(kind, interface, works, 100.0))
    line = by_name(board.lights(101.0))["line"]
    assert line.cause == cause
    assert [part.cause for part in line.parts] == ["line.no-cable"] * len(dead) + ["line.ok"] * (2 - len(dead))


def test_without_tunnels_the_light_says_so() -> None:
    board = board_with()
    board.expect(replace(EXPECTED, tunnels=(), is_direct=True))
    lights = by_name(board.lights(101.0))
    assert (lights["tunnel"].cause, lights["tunnel"].state) == ("tunnel.not-used", State.OK)
    assert {light.state for light in lights.values()} == {State.OK}
