from datetime import UTC, datetime, timedelta

import pytest

from appliance.health.calendar import calendar
from appliance.health.model import State

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
KINDS = (
    "account",
    "identity",
    "presented:receipt-gate",
    "page",
    "page:own",
    "trust-anchor:Engines CA",
    "terminal-anchor:Terminals CA",
    "terminal:reception-1",
    "revocations:Terminals CA",
    "engine:receipt",
    "firmware:Debian GNU/Linux 13",
)


def state(name: str, days: float) -> State:
    (one,) = calendar([(name, NOW + timedelta(days=days))], {}, NOW)
    return one.state


def test_the_next_comes_first() -> None:
    ends = [("account", NOW + timedelta(days=400)), ("identity", NOW + timedelta(days=30))]
    assert [(one.name, one.days_left) for one in calendar(ends, {}, NOW)] == [("identity", 30), ("account", 400)]


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_says_what_stops_and_who_acts(name: str) -> None:
    (one,) = calendar([(name, NOW + timedelta(days=1))], {"reception-1": "受付1"}, NOW)
    for text in (one.title, one.stops, one.who):
        assert text.ja
        assert text.en
        assert "{" not in text.ja + text.en
    if name.startswith("terminal:"):
        assert "受付1" in one.title.ja
        assert "受付1" in one.stops.ja


@pytest.mark.parametrize(
    ("name", "days", "expected"),
    [
        ("account", 60, State.OK),
        ("account", 59, State.WARNING),
        ("account", 0, State.FAILED),
        ("terminal:doctor", -3, State.FAILED),
        ("engine:receipt", 20, State.OK),
        ("engine:receipt", 13, State.WARNING),
        ("revocations:CA", 1, State.OK),
        ("revocations:CA", -1, State.WARNING),
        ("page:own", 100, State.OK),
        ("page:own", -1, State.WARNING),
        ("firmware:Debian 13", 30, State.WARNING),
        ("firmware:Debian 13", -30, State.WARNING),
    ],
)
def test_when_it_is_time(name: str, days: float, expected: State) -> None:
    assert state(name, days) is expected


def test_what_nobody_has_described_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="moon"):
        state("moon", 3)


def test_what_the_router_renews_by_itself_asks_nobody() -> None:
    own, given = calendar([("page:own", NOW), ("page", NOW)], {}, NOW)[::-1]
    assert "自分で" in own.who.ja
    assert "サポート会社" in given.who.ja
