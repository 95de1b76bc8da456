"""A softwire that is called and does not answer is silent; one that nobody calls is not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.tunnel.silence import PATIENCE, Silence


def test_nobody_calls() -> None:
    silence = Silence()
    assert not any(silence.hear(5, 5, now) for now in range(100))


def test_calls_without_an_answer_and_then_one() -> None:
    silence = Silence()
    assert not silence.hear(0, 0, 0.0)
    assert not silence.hear(0, 1, 1.0)
    assert not silence.hear(0, 2, PATIENCE)
    assert silence.hear(0, 3, 1.0 + PATIENCE)
    assert silence.hear(0, 3, 2.0 + PATIENCE)
    assert not silence.hear(1, 3, 3.0 + PATIENCE)
    assert not silence.hear(1, 3, 100.0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.floats(0.1, 30.0)), max_size=40))
def test_silent_only_after_a_call_and_its_patience(steps: list[tuple[int, int, float]]) -> None:
    silence, heard, sent, now, called = Silence(), 0, 0, 0.0, None
    silence.hear(heard, sent, now)
    for more_heard, more_sent, seconds in steps:
        heard, sent, now = heard + more_heard, sent + more_sent, now + seconds
        if more_heard:
            called = None
        elif more_sent and called is None:
            called = now
        assert silence.hear(heard, sent, now) == (called is not None and now - called >= PATIENCE)
