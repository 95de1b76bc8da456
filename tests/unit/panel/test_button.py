"""What a press means, and that nothing but the whole ritual wipes a clinic."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.panel.button import (
    CONFIRM_WITHIN,
    EVERYTHING_AFTER,
    LOG_IN_AFTER,
    TOO_LONG_AFTER,
    Down,
    Event,
    Lost,
    ResetButton,
    Stage,
    Up,
    Wish,
)


def after(*events: Event) -> list[Wish]:
    button = ResetButton()
    return [wish for event in events if (wish := button.handle(event)) is not None]


@pytest.mark.parametrize(
    ("length", "wishes"),
    [(0.0, []), (4.9, []), (5.0, [Wish.LOG_IN]), (14.9, [Wish.LOG_IN]), (15.0, []), (29.9, []), (30.0, []), (900, [])],
)
def test_one_press_means_what_its_length_says_and_never_everything(length: float, wishes: list[Wish]) -> None:
    assert after(Down(100.0), Up(100.0 + length)) == wishes


def test_everything_is_a_long_press_and_a_short_one() -> None:
    long = (Down(0.0), Up(16.0))
    assert after(*long, Down(20.0), Up(20.5)) == [Wish.EVERYTHING]
    assert after(*long, Down(26.1), Up(26.5)) == []
    assert after(*long, Down(20.0), Up(26.0)) == [], "a second press that is no short one is no yes"
    assert after(*long, Lost(), Down(20.0), Up(20.5)) == []
    assert after(Down(0.0), Up(31.0), Down(32.0), Up(32.5)) == []


def test_a_button_that_was_down_before_we_looked_does_nothing() -> None:
    assert after(Up(100.0)) == []
    assert after(Down(0.0), Lost(), Up(20.0), Down(21.0), Up(21.2)) == []


def test_the_lamps_say_where_he_is() -> None:
    button = ResetButton()
    assert button.stage(0.0) is None
    button.handle(Down(0.0))
    seen = [button.stage(now) for now in (1.0, LOG_IN_AFTER, EVERYTHING_AFTER, TOO_LONG_AFTER)]
    assert seen == [Stage.HELD, Stage.LOG_IN, Stage.EVERYTHING, Stage.TOO_LONG]
    button.handle(Up(16.0))
    assert button.stage(17.0) is Stage.ARMED
    assert button.stage(16.0 + CONFIRM_WITHIN + 0.1) is None


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    now, events = 0.0, list[Event]()
    for kind in draw(st.lists(st.sampled_from((Down, Up, Up, Down, Lost)), max_size=20)):
        now += draw(st.one_of(st.floats(0, 3), st.floats(0, 40)))
        events.append(Lost() if kind is Lost else kind(now))
    return events


@given(histories())
def test_everything_only_ever_follows_the_ritual(events: list[Event]) -> None:
    button = ResetButton()
    for place, event in enumerate(events):
        if button.handle(event) is Wish.EVERYTHING:
            before = events[: place + 1]
            # The last four of which the button knew: down, long, up; down, short, up.
            known = list[Down | Up]()
            for one in before:
                if isinstance(one, Lost):
                    known.clear()
                elif isinstance(one, Down):
                    if known and isinstance(known[-1], Down):
                        known.pop()
                    known.append(one)
                elif known and isinstance(known[-1], Down):
                    known.append(one)
            long_down, long_up, short_down, short_up = known[-4:]
            assert EVERYTHING_AFTER <= long_up.at - long_down.at < TOO_LONG_AFTER
            assert short_down.at - long_up.at <= CONFIRM_WITHIN
            assert short_up.at - short_down.at < LOG_IN_AFTER
