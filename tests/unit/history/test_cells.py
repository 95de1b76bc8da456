from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from appliance.history.cells import cells, lengths
from appliance.history.model import Anchor
from appliance.history.past import Past, past
from tests.unit.history.scene import NO_CABLE, WELL, changes, run, shown

WALL = 1_000_000.0


def seen(*told: tuple[float, tuple[object, ...]], until: float = 1000.0) -> Past:
    known = changes(1, *told)  # type: ignore[arg-type]
    return past([run(1, "a", 0.0, WALL)], known, Anchor(until, WALL + until), WALL)


def test_the_shortest_failure_is_seen_and_the_shortest_check_is_not() -> None:
    checking = (shown("line", "unknown"),)
    past = seen((0.0, WELL), (150.0, checking), (160.0, WELL), (555.0, NO_CABLE), (555.1, WELL))
    assert cells(past, "line", WALL, 100.0, 10) == [("ok", 5), ("failed", 1), ("ok", 4)]


def test_before_the_record_began_nothing_is_known() -> None:
    past = seen((600.0, WELL))
    assert cells(past, "line", WALL, 100.0, 10) == [("unknown", 6), ("ok", 4)]
    assert cells(past, "push", WALL, 100.0, 10) == [("unknown", 10)]


def test_without_power_is_a_state_of_its_own() -> None:
    told = changes(1, (0.0, WELL)) + changes(2, (5.0, WELL))
    runs = [run(1, "a", 0.0, WALL, ended=300.0), run(2, "b", 5.0, WALL + 695.0)]
    found = past(runs, told, Anchor(305.0, WALL + 1000.0), WALL)
    assert cells(found, "line", WALL, 100.0, 10) == [("ok", 3), ("off", 4), ("ok", 3)]


@given(
    st.lists(st.tuples(st.floats(0, 1000), st.sampled_from((WELL, NO_CABLE))), max_size=30),
    st.integers(1, 50),
)
def test_there_are_always_as_many_cells(told: list[tuple[float, tuple[object, ...]]], count: int) -> None:
    found = cells(seen(*sorted(told, key=lambda one: one[0])), "line", WALL, 1000.0 / count, count)
    assert sum(length for _, length in found) == count
    assert all(before[0] != after[0] for before, after in pairwise(found))


def test_lengths_are_as_they_were_and_not_as_cells_are() -> None:
    past = seen((100.0, WELL), (555.0, NO_CABLE), (555.5, WELL))
    assert lengths(past, "line", WALL, WALL + 1000.0) == {"ok": 899.5, "failed": 0.5, "unknown": 100.0}
