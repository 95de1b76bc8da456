"""When an update may go on, over whole years of moments."""

from datetime import datetime, time, timedelta

from hypothesis import given
from hypothesis import strategies as st

from appliance.text import JAPAN
from appliance.update.window import ENOUGH, NIGHT, Hours, Moment, decide

MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(JAPAN))
CLOCKS = st.times().map(lambda found: found.replace(second=0, microsecond=0))
HOURS = st.builds(Hours, st.just(True), CLOCKS, CLOCKS, st.frozensets(st.integers(1, 31), max_size=27))


def at(*when: int) -> Moment:
    return Moment(datetime(*when, tzinfo=JAPAN), sure=True, engine=True)


def test_the_clinic_s_nights() -> None:
    assert decide(NIGHT, at(2026, 11, 28, 2, 0), needs_engine=True) is None
    assert decide(NIGHT, at(2026, 11, 28, 4, 30), needs_engine=True) is None
    too_late = decide(NIGHT, at(2026, 11, 28, 4, 31), needs_engine=True)
    assert too_late is not None
    assert too_late.until == datetime(2026, 11, 29, 2, tzinfo=JAPAN)


def test_the_days_of_receipt_closing() -> None:
    waits = decide(NIGHT, at(2026, 12, 1, 3, 0), needs_engine=True)
    assert waits is not None
    assert waits.until == datetime(2026, 12, 11, 2, tzinfo=JAPAN)
    assert "締め" in waits.reason.ja
    # What begins on the last free evening does not reach into them.
    late = Hours(True, time(23), time(4), NIGHT.days_off)
    assert decide(late, at(2026, 11, 30, 23, 15), needs_engine=True) is None
    assert decide(late, at(2026, 11, 30, 23, 45), needs_engine=True) is not None
    assert decide(late, at(2026, 12, 11, 0, 5), needs_engine=True) is None


def test_why_it_waits() -> None:
    night = at(2026, 11, 28, 3, 0)
    off = decide(Hours(False, NIGHT.first, NIGHT.last, NIGHT.days_off), night, needs_engine=False)
    unsure = decide(NIGHT, Moment(night.now, sure=False, engine=True), needs_engine=False)
    away = Moment(night.now, sure=True, engine=False)
    again = Moment(night.now, sure=True, engine=True, returned=night.now - timedelta(minutes=30))
    never = decide(Hours(True, time(2), time(5), frozenset(range(1, 32))), night, needs_engine=False)
    cut = decide(NIGHT, away, needs_engine=True)
    tomorrow = decide(NIGHT, again, needs_engine=True)
    for waits in (off, unsure, cut, never):
        assert waits is not None
        assert waits.until is None
    assert decide(NIGHT, away, needs_engine=False) is None
    assert tomorrow is not None
    assert tomorrow.until == datetime(2026, 11, 29, 2, tzinfo=JAPAN)


@given(HOURS, MOMENTS)
def test_what_it_waits_for_is_a_moment_in_which_it_goes(hours: Hours, now: datetime) -> None:
    waits = decide(hours, Moment(now, sure=True, engine=True), needs_engine=True)
    moment = now if waits is None else waits.until
    if moment is None:
        return
    assert moment >= now
    # For as long as the whole thing may take it stays within the hours, and off the days.
    for minutes in (0, ENOUGH.total_seconds() / 60 - 1):
        then = moment + timedelta(minutes=minutes)
        assert then.day not in hours.days_off
        length = (hours.last.hour - hours.first.hour) * 60 + hours.last.minute - hours.first.minute
        since = (then.hour - hours.first.hour) * 60 + then.minute - hours.first.minute
        assert since % 1440 <= (length % 1440 or 1440)
    if waits is not None:
        assert decide(hours, Moment(moment, sure=True, engine=True), needs_engine=True) is None
