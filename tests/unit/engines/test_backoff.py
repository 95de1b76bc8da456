from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from appliance.engines.backoff import LONGEST, STEADY, RestartBackoff


def test_the_first_restart_is_at_once_and_the_next_are_slower() -> None:
    backoff = RestartBackoff()
    backoff.note_alive(0.0)
    assert backoff.may_start(5.0)
    starts = []
    now = 5.0
    while len(starts) < 10:
        if backoff.may_start(now):
            starts.append(now)
            backoff.note_start(now)
        now += 0.5
    assert [later - earlier for earlier, later in itertools.pairwise(starts)] == [
        *(1.0, 2.0, 4.0, 8.0, 16.0, 32.0),
        *(LONGEST, LONGEST, LONGEST),
    ]


def test_a_steady_daemon_is_well_again() -> None:
    backoff = RestartBackoff()
    for now in (0.0, 1.0, 3.0, 7.0):
        backoff.note_start(now)
    backoff.note_alive(7.0 + STEADY - 1)
    assert not backoff.may_start(7.1)
    backoff.note_alive(7.0 + STEADY)
    assert backoff.may_start(7.0 + STEADY)


@given(st.lists(st.tuples(st.floats(0.0, 100.0), st.booleans()), max_size=60))
def test_it_never_waits_longer_than_the_longest(steps: list[tuple[float, bool]]) -> None:
    backoff, now, last = RestartBackoff(), 0.0, 0.0
    for pause, alive in steps:
        now += pause
        if alive:
            backoff.note_alive(now)
        elif backoff.may_start(now):
            backoff.note_start(now)
            last = now
        assert backoff.may_start(max(last, now) + LONGEST)
