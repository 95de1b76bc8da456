"""Evidence → lights of engines: who is silent, who is an impostor, who is let go."""

from __future__ import annotations

import pytest

from appliance.health.causes import PROOF_REASONS, SECURITY
from appliance.health.model import State
from tests.unit.health.clinic import A, B, board_with, by_name, causes, down, proofs, show, without


def test_one_service_without_any_proven_address_is_a_failure_with_its_name() -> None:
    light = by_name(board_with(*proofs(False, "timeout", ("receipt-gate",))).lights(101.0))["engine"]
    assert (light.cause, light.state) == ("engine.some-services", State.FAILED)
    assert "receipt-gate" in light.summary.ja
    assert [(part.name, part.cause) for part in light.parts] == [
        ("receipt-gate", "engine.timeout"),
        ("receipt", "engine.ok"),
    ]


def test_the_engines_name_does_not_resolve() -> None:
    board = board_with(
        ("engine.name", "receipt", False), ("engine.name", "receipt-gate", False), base=without("engine.")
    )
    assert causes(board.lights(115.0))["engine"] == "engine.name-not-found"


def test_an_impostor_outweighs_other_failures_and_is_never_folded_away() -> None:
    lights = by_name(
        board_with(
            *proofs(False, "timeout"),
            ("engine.proof", f"receipt@{B}", False, "wrong-name"),
            ("wan.carrier", "wan0", False),
            *down("dc1", "dc2"),
        ).lights(101.0)
    )
    assert lights["engine"].cause == "engine.wrong-name"
    assert lights["engine"].root is None
    assert lights["tunnel"].root == "line"


@pytest.mark.parametrize("reason", [reason for reason, cause in PROOF_REASONS.items() if cause in SECURITY])
def test_a_security_refusal_says_who_closed_the_way_and_whom_to_call(reason: str) -> None:
    light = by_name(board_with(*proofs(False, reason)).lights(101.0))["engine"]
    assert light.state is State.FAILED
    assert "このルーターが通信を止めました" in light.advice.ja
    assert "サポート会社に電話" in light.advice.ja
    assert "Do not try again" in light.advice.en


def test_an_address_that_left_the_name_service_is_let_go() -> None:
    board = board_with()
    show(board, 130.0, (("engine.proof", f"receipt@{A}", False, "timeout"),))
    for at in (150.0, 170.0, 190.0):
        show(board, at, (("engine.proof", f"receipt@{B}", True),))
    light = by_name(board.lights(191.0))["engine"]
    part = next(part for part in light.parts if part.name == "receipt")
    assert part.cause == "engine.ok"
