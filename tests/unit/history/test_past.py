from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.history.model import GONE, Anchor, Change, Run
from appliance.history.past import Ending, Kind, past
from tests.unit.history.scene import HOUR, NO_ADDRESS, NO_CABLE, NO_TUNNEL, WELL, Moment, changes, run, shown

WALL = 1_800_000_000.0


def test_an_outage_has_a_cause_and_a_length() -> None:
    told = changes(1, (10.0, WELL), (100.0, NO_CABLE), (400.0, WELL))
    found = past([run(1, "a", 10.0, WALL)], told, Anchor(1000.0, WALL + 1000.0), 0.0)
    (outage,) = found.outages
    assert (outage.kind, outage.began - WALL, outage.seconds) == (Kind.OUTAGE, 100.0, 300.0)
    assert outage.ending is Ending.RECOVERED
    assert outage.shown is not None
    assert outage.shown.cause == "line.no-cable"
    assert [(span.shown.state, span.began - WALL, span.ended - WALL) for span in found.lights["line"]] == [
        ("ok", 10.0, 100.0),
        ("failed", 100.0, 400.0),
        ("ok", 400.0, 1000.0),
    ]


def test_an_echo_that_is_seen_first_is_not_the_cause() -> None:
    echo = (shown("engine", "failed", "engine.timeout"), shown("line", "ok"))
    told = changes(1, (0.0, WELL), (100.0, echo), (102.0, NO_CABLE))
    (outage,) = past([run(1, "a", 0.0, WALL)], told, Anchor(500.0, WALL + 500.0), 0.0).outages
    assert outage.shown is not None
    assert outage.shown.cause == "line.no-cable"
    assert (outage.ended, outage.ending, outage.seconds) == (None, Ending.ONGOING, 400.0)


@pytest.mark.parametrize(
    ("course", "cause"),
    [
        # The cable is back after twelve seconds, the tunnel takes ten minutes more.
        (((100.0, NO_CABLE), (112.0, NO_TUNNEL), (700.0, WELL)), "line.no-cable"),
        # While they wait for the data center, somebody pulls the cable and puts it back.
        (((100.0, NO_TUNNEL), (300.0, NO_CABLE), (500.0, NO_TUNNEL), (560.0, WELL)), "tunnel.down"),
        # An address takes its time, after a cable that was out.
        (((100.0, NO_CABLE), (110.0, NO_ADDRESS), (400.0, WELL)), "line.no-cable"),
    ],
)
def test_of_causes_that_overlap_the_first_counts(course: tuple[Moment, ...], cause: str) -> None:
    told = changes(1, (0.0, WELL), *course)
    (outage,) = past([run(1, "a", 0.0, WALL)], told, Anchor(900.0, WALL + 900.0), 0.0).outages
    assert outage.shown is not None
    assert outage.shown.cause == cause
    assert outage.seconds == course[-1][0] - 100.0


def test_an_outage_that_follows_another_has_its_own_cause() -> None:
    told = changes(1, (0.0, WELL), (100.0, NO_CABLE), (130.0, WELL), (140.0, NO_TUNNEL), (150.0, WELL))
    first, second = past([run(1, "a", 0.0, WALL)], told, Anchor(900.0, WALL + 900.0), 0.0).outages
    assert [one.shown and one.shown.cause for one in (first, second)] == ["line.no-cable", "tunnel.down"]


def test_not_known_without_a_cause_is_no_outage() -> None:
    checking = (shown("engine", "unknown", "engine.checking"), shown("line", "unknown", "line.checking"))
    told = changes(1, (0.0, checking), (8.0, WELL))
    assert past([run(1, "a", 0.0, WALL)], told, Anchor(500.0, WALL + 500.0), 0.0).outages == ()


def test_a_server_that_cannot_be_asked_for_a_known_cause_is_an_outage() -> None:
    waiting = (shown("engine", "unknown", "engine.waiting", "line"), shown("line", "failed", "line.no-cable"))
    told = changes(1, (0.0, WELL), (100.0, waiting), (160.0, WELL))
    (outage,) = past([run(1, "a", 0.0, WALL)], told, Anchor(500.0, WALL + 500.0), 0.0).outages
    assert outage.seconds == 60.0


def test_no_power_is_told_apart_from_nobody_looked() -> None:
    runs = [
        run(1, "a", 0.0, WALL, ended=1 * HOUR, closed=False),
        run(2, "b", 10.0, WALL + 2 * HOUR, ended=600.0, closed=True),
        run(3, "b", 900.0, WALL + 2 * HOUR, ended=910.0, closed=False),
        run(4, "b", 915.0, WALL + 2 * HOUR),
    ]
    found = past(runs, [], Anchor(1000.0, WALL + 2 * HOUR + 1000.0), 0.0).outages
    assert [(gap.kind, round(gap.seconds), gap.closed) for gap in found] == [
        (Kind.OFF, 3610, False),
        (Kind.UNWATCHED, 300, True),
    ], "and a restart within moments is no gap"


def test_an_outage_that_a_loss_of_power_ends_is_not_called_mended() -> None:
    told = changes(1, (0.0, WELL), (100.0, NO_CABLE)) + changes(2, (5.0, WELL))
    runs = [run(1, "a", 0.0, WALL, ended=200.0), run(2, "b", 5.0, WALL + 500.0)]
    outage, gap = past(runs, told, Anchor(10.0, WALL + 510.0), 0.0).outages
    assert (outage.ending, outage.ended) == (Ending.NOT_SEEN, WALL + 200.0)
    assert gap.kind is Kind.OFF


def test_a_clock_that_is_set_after_the_boot_dates_what_was_before() -> None:
    """The boot began in 1970; a minute later a server told the time."""
    told = changes(1, (5.0, WELL), (20.0, NO_CABLE), (30.0, WELL))
    (outage,) = past([run(1, "a", 5.0, 0.0)], told, Anchor(60.0, WALL + 60.0), WALL - HOUR).outages
    assert outage.began == WALL + 20.0


def test_a_run_whose_clock_was_in_the_future_keeps_its_place_and_its_length() -> None:
    told = changes(1, (0.0, WELL), (100.0, NO_CABLE), (130.0, WELL)) + changes(2, (5.0, WELL))
    runs = [run(1, "a", 0.0, WALL + 1e8, ended=HOUR), run(2, "b", 5.0, WALL)]
    found = past(runs, told, Anchor(65.0, WALL + 65.0), 0.0)
    outage, gap = found.outages
    assert (outage.seconds, outage.began) == (30.0, WALL + 5.0 - HOUR + 100.0)
    assert (gap.kind, gap.seconds) == (Kind.OFF, 0.0)
    assert all(span.ended <= WALL + 65.0 for span in found.lights["line"])


def test_a_light_that_is_gone_is_not_shown() -> None:
    told = changes(1, (0.0, (shown("push", "ok"),)), (50.0, (shown("push", GONE),)))
    spans = past([run(1, "a", 0.0, WALL)], told, Anchor(100.0, WALL + 100.0), 0.0).lights["push"]
    assert [(span.began - WALL, span.ended - WALL) for span in spans] == [(0.0, 50.0)]


def test_what_ended_before_is_left_out_and_what_reaches_in_is_cut() -> None:
    told = changes(1, (0.0, WELL), (100.0, NO_CABLE), (200.0, WELL), (900.0, NO_CABLE))
    found = past([run(1, "a", 0.0, WALL)], told, Anchor(1000.0, WALL + 1000.0), WALL + 500.0)
    assert [outage.began - WALL for outage in found.outages] == [900.0]
    assert [(span.began - WALL, span.ended - WALL) for span in found.lights["line"]] == [(500, 900), (900, 1000)]


@st.composite
def lives(draw: st.DrawFn) -> tuple[list[Run], list[Change], Anchor]:
    """Runs with any clocks, as `Store` writes them: the boot clock goes on within a boot and begins anew with each."""
    runs: list[Run] = []
    told: list[Change] = []
    boot, clock = 0, 0.0
    count = draw(st.integers(1, 5))
    for number in range(1, count + 1):
        if draw(st.booleans()):
            boot, clock = boot + 1, 0.0
        began = clock + draw(st.floats(0, 1e5))
        moments = sorted(draw(st.lists(st.floats(0, 1e5), max_size=6)))
        for moment in moments:
            told += changes(number, (began + moment, draw(st.sampled_from((WELL, NO_CABLE)))))
        clock = began + (moments[-1] if moments else 0.0) + draw(st.floats(0, 1e4))
        offset = draw(st.floats(0, 4e9))
        ended = None if number == count else clock
        runs.append(run(number, str(boot), began, offset, ended, draw(st.booleans())))
    return runs, told, Anchor(clock, clock + draw(st.floats(1e9, 3e9)))


@given(lives())
def test_whatever_the_clocks_did_order_and_lengths_hold(life: tuple[list[Run], list[Change], Anchor]) -> None:
    runs, told, now = life
    found = past(runs, told, now, -1e12)
    for spans in found.lights.values():
        for before, after in pairwise(spans):
            assert before.ended <= after.began + 1e-3
        assert all(span.began <= span.ended <= now.wall + 1e-3 for span in spans)
        length = sum(span.ended - span.began for span in spans)
        lived = sum((now.boot if one.ended is None else one.ended) - one.began for one in runs)
        assert length <= lived + 1e-2
    for outage in found.outages:
        assert outage.seconds >= -1e-3
        assert outage.began <= now.wall + 1e-3
        if outage.ended is not None:
            assert outage.ended - outage.began == pytest.approx(outage.seconds, abs=1e-2)
