"""What the lamps say: one truth with the page, told without colour too, and never longer than somebody has seen it."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.hardware.model import Lamp
from appliance.hardware.profile import EVERYTHING, LIGHTS
from appliance.health.model import State as Shown
from appliance.panel.button import Stage
from appliance.panel.lamps import AGAIN_EVERY, LIFE, RHYTHMS, State, leds, lights_of, silent

GREEN = Lamp("1", ("router",), "g", "", "")
COLOURS = Lamp("1", (EVERYTHING,), "g", "a", "r")
TWO = Lamp("1", ("router", "line"), "g", "", "r")


def test_the_states_are_the_page_s() -> None:
    assert {*State} == {*map(State, Shown), State.SILENT}


def test_each_state_has_a_rhythm_of_its_own() -> None:
    assert all(RHYTHMS[one] != RHYTHMS[other] for one, other in combinations(State, 2))


@pytest.mark.parametrize("state", State)
def test_a_rhythm_ends_dark_and_outlives_the_refreshment(state: State) -> None:
    rhythm = RHYTHMS[state]
    numbers = [int(number) for number in rhythm.text(255).split()]
    assert numbers[-2] == 0, "the kernel leaves the LED as the last step has it"
    length = rhythm.repeat * sum(rhythm.steps)
    assert AGAIN_EVERY * 1000 * 2 < length < LIFE * 1.5
    # Each level comes twice, the second time for no time: otherwise the kernel would fade.
    assert numbers[0::4] == numbers[2::4]
    assert set(numbers[3::4]) == {0}
    assert sum(rhythm.steps) == LIFE + 10 or AGAIN_EVERY * 1000 % sum(rhythm.steps) == 0


def test_colours_where_there_are_some() -> None:
    lit = {
        state: {name for name, rhythm in leds([COLOURS], {"router": state}, None).items() if rhythm} for state in State
    }
    assert lit[State.OK] == {"g"}
    assert lit[State.WARNING] == lit[State.UNKNOWN] == {"a"}
    assert lit[State.FAILED] == lit[State.SILENT] == {"r"}
    assert {name for name, rhythm in leds([TWO], {"router": State.WARNING}, None).items() if rhythm} == {"g", "r"}


def test_the_worst_of_what_a_lamp_shows() -> None:
    lights = {"router": State.OK, "line": State.FAILED, "tunnel": State.UNKNOWN}
    assert leds([TWO], lights, None)["r"] == RHYTHMS[State.FAILED]
    assert leds([GREEN], lights, None)["g"] == RHYTHMS[State.OK]
    assert leds([Lamp("3", ("push",), "p", "", "")], lights, None)["p"] == RHYTHMS[State.UNKNOWN]


def test_while_the_daemon_says_nothing_no_lamp_claims_anything() -> None:
    assert leds([GREEN], silent(), None) == {"g": RHYTHMS[State.SILENT]}


def test_somebody_at_the_button_has_all_lamps() -> None:
    shown = {stage: leds([COLOURS, GREEN], {"router": State.OK}, stage) for stage in Stage}
    assert all(len(set(rhythms.values())) == 1 for rhythms in shown.values())
    for one, other in combinations((Stage.HELD, Stage.LOG_IN, Stage.EVERYTHING, Stage.ARMED), 2):
        assert shown[one] != shown[other]


@given(
    st.dictionaries(st.sampled_from(LIGHTS), st.sampled_from(State)),
    st.lists(st.sampled_from(LIGHTS), min_size=1, unique=True),
)
def test_never_green_for_what_is_not(lights: dict[str, State], shows: list[str]) -> None:
    (rhythm,) = leds([Lamp("1", tuple(shows), "g", "", "")], lights, None).values()
    is_ok = rhythm == RHYTHMS[State.OK]
    seen = [lights[name] for name in shows if name in lights]
    assert is_ok == (bool(seen) and set(seen) == {State.OK})


def test_from_the_status_document() -> None:
    assert lights_of({"lights": [{"name": "line", "state": "failed"}]}) == {"line": State.FAILED}
    for bad in ({}, {"lights": []}, {"lights": None}, {"lights": [{"name": "line", "state": "blue"}]}):
        with pytest.raises((KeyError, ValueError, TypeError)):
            lights_of(bad)
