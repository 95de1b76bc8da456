"""A flood fills no log, and none of it is kept quiet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.loop import Loop
from appliance.gate.ration import MOST, Ration
from appliance.gate.sparing import Sparing

SETTLED = None
Steps = list[tuple[int, str] | None]


def test_the_first_is_said_at_once_and_the_rest_as_a_number() -> None:
    ration = Ration[str, str]()
    assert [ration.note("a", word) for word in ("first", "second", "third")] == [True, False, False]
    assert ration.note("b", "once") is True
    settled = ration.settle()
    assert (settled.again, settled.others) == ((("third", 2),), 0)
    assert ration.note("a", "anew") is True


@given(st.lists(st.one_of(st.just(SETTLED), st.tuples(st.integers(0, 9), st.text(max_size=3))), max_size=60))
def test_everything_is_either_said_or_counted_and_a_period_says_little(steps: Steps) -> None:
    ration = Ration[int, str](most=4)
    noted = told = in_period = 0
    for step in [*steps, SETTLED]:
        if step is SETTLED:
            settled = ration.settle()
            told += sum(times for _, times in settled.again) + settled.others
            assert in_period + len(settled.again) + bool(settled.others) <= 2 * 4 + 1
            assert all(times > 0 for _, times in settled.again)
            in_period = 0
        else:
            noted += 1
            is_said = ration.note(*step)
            in_period, told = in_period + is_said, told + is_said
    assert told == noted


def test_what_is_left_of_a_period_is_said_when_it_is_over() -> None:
    loop, heard = Loop(), list[tuple[str | None, int]]()
    sparing = Sparing[int, str](loop, lambda word, times: heard.append((word, times)), seconds=0.01)
    for kind in (*range(MOST + 3), 0, 0):
        sparing.note(kind, f"word of {kind}")
    assert heard == [(f"word of {kind}", 1) for kind in range(MOST)]
    del heard[:]
    while len(heard) < 2:
        loop.turn()
    assert heard == [("word of 0", 2), (None, 3)]
    sparing.note(0, "of a new period")
    assert heard[2:] == [("of a new period", 1)]
