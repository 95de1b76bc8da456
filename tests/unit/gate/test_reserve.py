"""How many connections wait for terminals, as a dialogue."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.reserve import (
    BURST_SECONDS,
    MEMORY_SECONDS,
    MOST,
    OLDEST_SECONDS,
    Asked,
    Command,
    Distrusted,
    Drop,
    Event,
    Failed,
    Hand,
    Lost,
    Open,
    Opened,
    Reserve,
    Tick,
)


def stocked(*numbers: int, at: float = 0.0) -> Reserve:
    """A reserve in which so many were asked for at once, and these wait now."""
    reserve = Reserve()
    for _ in numbers:
        reserve.handle(Asked(at))
    for number in numbers:
        reserve.handle(Opened(at, number))
    return reserve


def test_nothing_waits_where_nobody_asks() -> None:
    reserve = Reserve()
    assert reserve.handle(Tick(5)) == []
    assert not reserve.is_active


def test_the_first_one_finds_none_and_the_next_one_does() -> None:
    reserve = Reserve()
    assert reserve.handle(Asked(0)) == [Open(1)]
    assert reserve.handle(Opened(0.1, 1)) == []
    assert reserve.handle(Asked(5)) == [Hand(1), Open(2)]


def test_a_screen_of_several_calls_finds_as_many() -> None:
    reserve = Reserve()
    numbers = [command for moment in range(4) for command in reserve.handle(Asked(moment / 10))]
    assert numbers == [Open(1), Open(2), Open(3), Open(4)]


def test_there_is_a_limit() -> None:
    reserve = Reserve()
    opened = [command for _ in range(3 * MOST) for command in reserve.handle(Asked(0))]
    assert opened == [Open(number + 1) for number in range(MOST)]


def test_an_old_one_is_replaced_while_there_is_demand_and_not_after() -> None:
    reserve = stocked(1)
    assert reserve.handle(Tick(OLDEST_SECONDS)) == [Drop(1), Open(2)]
    reserve.handle(Opened(MEMORY_SECONDS - 1, 2))
    assert reserve.handle(Tick(MEMORY_SECONDS)) == []
    assert reserve.handle(Tick(MEMORY_SECONDS + OLDEST_SECONDS)) == [Drop(2)]
    assert not reserve.is_active


def test_an_engine_that_closes_early_teaches_how_long_one_may_wait() -> None:
    reserve = stocked(1)
    assert reserve.handle(Lost(10, 1)) == [Open(2)]
    reserve.handle(Opened(10, 2))
    assert reserve.handle(Tick(14.9)) == []
    assert reserve.handle(Tick(15)) == [Drop(2), Open(3)]


def test_an_engine_that_closes_at_once_is_not_called_all_the_time() -> None:
    reserve = stocked(1)
    assert reserve.handle(Lost(0.2, 1)) == []
    assert reserve.handle(Tick(1.0)) == []
    assert reserve.handle(Tick(1.3)) == [Open(2)]


def test_one_that_is_older_than_that_is_not_handed_out() -> None:
    reserve = stocked(1, 2)
    reserve.handle(Opened(9, 3))
    assert reserve.handle(Lost(10, 1)) == [Drop(2), Open(3), Open(4)]


def test_an_engine_that_is_not_there_is_asked_ever_less_often() -> None:
    reserve = Reserve()
    reserve.handle(Asked(0))
    moments, now, number = [], 0.0, 1
    reserve.handle(Failed(now, number))
    while now < MEMORY_SECONDS - 1:
        now += 0.5
        for command in reserve.handle(Tick(now)):
            assert isinstance(command, Open)
            moments.append(now)
            reserve.handle(Failed(now, command.number))
    assert moments == [1, 3, 7, 15, 31, 63]


def test_what_is_distrusted_is_dropped_and_proven_anew() -> None:
    reserve = stocked(1, 2)
    reserve.handle(Asked(0.5))
    assert reserve.handle(Distrusted(1)) == [Drop(2), Drop(3), Drop(4), Open(5), Open(6), Open(7)]


# ---- whatever happens -----------------------------------------------------------------

STEPS = st.tuples(
    st.floats(0, 30, allow_nan=False),
    st.sampled_from([Asked, Asked, Asked, Opened, Opened, Failed, Lost, Distrusted, Tick]),
    st.integers(0, MOST),
)


@given(st.lists(STEPS, max_size=60))
def test_each_is_handed_out_at_most_once_proven_and_fresh(steps: list[tuple[float, type[Event], int]]) -> None:
    reserve, now = Reserve(), 0.0
    opening: list[int] = []
    waiting: dict[int, float] = {}
    numbers: set[int] = set()
    last_asked = -MEMORY_SECONDS
    for pause, kind, choice in steps:
        now += pause
        event: Event
        if kind in (Opened, Failed):
            if not opening:
                continue
            number = opening.pop(choice % len(opening))
            event = Opened(now, number) if kind is Opened else Failed(now, number)
            if kind is Opened:
                waiting[number] = now
        elif kind is Lost:
            if not waiting:
                continue
            event = Lost(now, number := list(waiting)[choice % len(waiting)])
            del waiting[number]
        elif kind is Asked:
            event, last_asked = Asked(now), now
        else:
            event = Distrusted(now) if kind is Distrusted else Tick(now)
        commands: list[Command] = reserve.handle(event)
        for command in commands:
            match command:
                case Open(number):
                    assert number not in numbers
                    assert now - last_asked < MEMORY_SECONDS
                    numbers.add(number)
                    opening.append(number)
                case Hand(number):
                    assert isinstance(event, Asked)
                    assert now - waiting.pop(number) < OLDEST_SECONDS
                case Drop(number):
                    if number in waiting:
                        del waiting[number]
                    else:
                        opening.remove(number)
        assert sum(isinstance(command, Hand) for command in commands) <= 1
        assert reserve.waiting == len(waiting)
        assert len(waiting) + len(opening) <= MOST
        if isinstance(event, Distrusted):
            assert not waiting
        assert reserve.is_active or not (waiting or opening)


def test_a_burst_counts_those_within_its_time_only() -> None:
    reserve = Reserve()
    for number in range(3):
        assert reserve.handle(Asked(number * BURST_SECONDS)) == ([Open(1)] if number == 0 else [])
