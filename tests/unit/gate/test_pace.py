"""After a rest so many at once, then no faster than the rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.pace import Pace


def test_a_burst_and_then_the_rate() -> None:
    pace = Pace(2.0, 3)
    assert [pace.take(100.0) for _ in range(4)] == [True, True, True, False]
    assert [pace.take(100.5), pace.take(100.5)] == [True, False]


@given(st.lists(st.floats(0, 10), min_size=1, max_size=60))
def test_never_more_than_burst_and_rate_allow(times: list[float]) -> None:
    pace, times = Pace(2.0, 3), sorted(times)
    taken = [at for at in times if pace.take(1000 + at)]
    for first, begin in enumerate(taken):
        for last in range(first, len(taken)):
            assert last - first + 1 <= 3 + 2.0 * (taken[last] - begin) + 1e-6
