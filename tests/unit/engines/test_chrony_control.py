"""What chronyc prints, as of chrony 4.3 (its manual page, `-c`)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.engines.chrony_control import Source, Tracking, parse_sources, parse_tracking

FOLLOWED = "CB007107,203.0.113.7,3,1764349200.123,-0.001,0.0002,0.0003,-12.3,0.01,0.5,0.02,0.001,64.2,Normal\n"
ALONE = "7F7F0101,,0,0.000000000,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n"
SOURCES = "^,*,203.0.113.7,2,6,377,23,0.001,0.001,0.02\n^,?,198.51.100.123,0,6,0,4294967295,0.0,0.0,0.0\n"


def test_what_is_followed() -> None:
    assert parse_tracking(FOLLOWED) == Tracking("203.0.113.7", 3, -0.001)
    assert parse_tracking(ALONE) is None


def test_the_sources() -> None:
    assert list(parse_sources(SOURCES)) == [
        Source("203.0.113.7", "*", 2, 0o377),
        Source("198.51.100.123", "?", 0, 0),
    ]


@given(st.text(max_size=200))
def test_nonsense_is_nothing(said: str) -> None:
    parse_tracking(said)
    list(parse_sources(said))
