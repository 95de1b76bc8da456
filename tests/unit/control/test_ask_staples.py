"""When an engine is asked for its staple, and what becomes of its proofs then."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

from appliance.control.ask_staples import FAILED_SECONDS, SILENT_SECONDS, STAPLED_SECONDS, Staples
from appliance.gate.proof import Proof, Stapled
from appliance.gate.prove import Target
from appliance.gate.reasons import Reason
from appliance.secret import Secret

ADDRESS = IPv4Address("203.0.113.17")
MARK, OTHER = "0123456789abcdef:01", "0123456789abcdef:02"
TARGET = Target("receipt", "r.example", 443, (), "", "", Secret(""), IPv4Address("203.0.113.129"))
REVOKED, MISSING = Reason.REVOKED, Reason.STAPLE_MISSING


def answer(mark: str = MARK, answered: bool = True, reason: Reason | None = None) -> Stapled:
    return Stapled(mark, answered, reason)


def proof(reason: Reason | None = None, mark: str | None = MARK) -> Proof:
    return Proof("receipt", "r.example", ADDRESS, 443, reason, mark=mark)


def play(answers: list[Stapled | None], *proofs: tuple[float, Proof]) -> tuple[list[Reason | None], list[float]]:
    """What each proof came out as, and when somebody was asked. answers: to the questions, in their order."""
    now = 0.0
    asked: list[float] = []

    def ask(_: Target, __: IPv4Address) -> Stapled | None:
        asked.append(now)
        return answers.pop(0)

    async def story() -> list[Reason | None]:
        nonlocal now
        staples = Staples(lambda: now, ask)
        reasons = []
        for moment, given in proofs:
            now = moment
            reasons.append((await staples.judge(TARGET, given)).reason)
            # Whoever is asked beside it has answered before the next.
            await asyncio.gather(*(asyncio.all_tasks() - {asyncio.current_task()}))
        return reasons

    return asyncio.run(story()), asked


def test_a_certificate_is_asked_for_before_it_opens_anything_and_then_seldom() -> None:
    assert play([answer(), answer()], (0, proof()), (20, proof()), (STAPLED_SECONDS, proof()), (610, proof())) == (
        [None, None, None, None],
        [0, STAPLED_SECONDS],
    )


def test_what_was_taken_back_is_refused_until_the_staple_says_otherwise() -> None:
    answers: list[Stapled | None] = [answer(reason=REVOKED), answer(), answer()]
    times = (0, 20, STAPLED_SECONDS, STAPLED_SECONDS + 20)
    assert play(answers, *((at, proof()) for at in times))[0] == [REVOKED, REVOKED, REVOKED, None]


def test_a_revocation_that_comes_later_is_met_by_the_next_proof() -> None:
    answers: list[Stapled | None] = [answer(), answer(reason=REVOKED)]
    assert play(answers, (0, proof()), (STAPLED_SECONDS, proof()), (620, proof()))[0] == [None, None, REVOKED]


def test_whoever_staples_nothing_is_asked_seldom() -> None:
    answers: list[Stapled | None] = [answer(answered=False), answer(answered=False)]
    times = (0, STAPLED_SECONDS, SILENT_SECONDS)
    assert play(answers, *((at, proof()) for at in times)) == ([None] * 3, [0, SILENT_SECONDS])


def test_a_staple_that_must_be_there_may_come_soon() -> None:
    answers: list[Stapled | None] = [answer(answered=False, reason=MISSING), answer()]
    times = (0, STAPLED_SECONDS, STAPLED_SECONDS + 20)
    assert play(answers, *((at, proof()) for at in times))[0] == [MISSING, MISSING, None]


def test_no_answer_changes_nothing_and_is_asked_for_again() -> None:
    answers: list[Stapled | None] = [answer(reason=REVOKED), None, answer()]
    later = STAPLED_SECONDS + FAILED_SECONDS
    reasons, asked = play(answers, *((at, proof()) for at in (0, STAPLED_SECONDS, later, later + 20)))
    assert (reasons, asked) == ([REVOKED, REVOKED, REVOKED, None], [0, STAPLED_SECONDS, later])


def test_no_answer_at_first_closes_nobody_out() -> None:
    assert play([None], (0, proof()))[0] == [None]


def test_each_certificate_has_its_own() -> None:
    answers: list[Stapled | None] = [answer(), answer(OTHER, reason=REVOKED)]
    assert play(answers, (0, proof()), (1, proof(mark=OTHER)), (2, proof()))[0] == [None, REVOKED, None]


def test_an_answer_about_another_certificate_is_none() -> None:
    assert play([answer(OTHER, reason=REVOKED)], (0, proof()))[0] == [None]


def test_what_is_not_proven_is_not_asked_about() -> None:
    assert play([], (0, proof(Reason.WRONG_PIN)), (1, proof(Reason.TIMEOUT, None))) == (
        [Reason.WRONG_PIN, Reason.TIMEOUT],
        [],
    )
