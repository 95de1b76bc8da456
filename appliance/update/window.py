"""When an update may do what could disturb: pure, with the reason why it waits.

Days and hours are the clinics' (`text.JAPAN`): receipts are closed in the first days of a month there, and nobody wants
to find another version on such a morning.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from appliance.text import JAPAN, Text

ENOUGH = timedelta(minutes=30)
"""What must be left of the hours: a restart, a version that does not hold, and the way back."""


@dataclass(frozen=True, slots=True)
class Hours:
    """first, last: the hours' bounds; last before first means over midnight. days_off: of each month."""

    automatic: bool
    first: time
    last: time
    days_off: frozenset[int]


NIGHT = Hours(True, time(2), time(5), frozenset(range(1, 11)))
"""Where the settings say nothing, or there are none."""


@dataclass(frozen=True, slots=True)
class Wait:
    """until None: nobody can say. reason: continues "waits …"."""

    until: datetime | None
    reason: Text


@dataclass(frozen=True, slots=True)
class Moment:
    """now: aware. sure: the clock can be believed. returned: when a version last came back, None for never.

    engine: whether it can be reached now.
    """

    now: datetime
    sure: bool
    engine: bool
    returned: datetime | None = None


def decide(hours: Hours, moment: Moment, *, needs_engine: bool) -> Wait | None:
    """None: go on. needs_engine: the restart does, since without it nothing could be proven afterwards."""
    if not hours.automatic:
        return Wait(
            None,
            Text(
                "設定で、自動の更新が止められています。"
                "「sekisho firmware install」か「sekisho firmware fetch」で行えます",
                "the settings say that nothing is updated by itself; use `sekisho firmware install` or "
                "`sekisho firmware fetch`",
            ),
        )
    if not moment.sure:
        return Wait(
            None,
            Text(
                "時計が合っているか確かめられず、更新してよい時間か分かりません。時計が合えば進みます",
                "no time server has confirmed the clock, so nobody knows whether these are the hours; it goes on when "
                "the clock is right",
            ),
        )
    now = moment.now.astimezone(JAPAN)
    tried = moment.returned.astimezone(JAPAN).date() if moment.returned else None
    start = next(_openings(hours, now, tried), None)
    if start is None:
        return Wait(None, Text("設定では、更新してよい日がありません", "the settings leave no day for it"))
    if start > now:
        return Wait(start, _why(hours, now, tried))
    if needs_engine and not moment.engine:
        return Wait(
            None,
            Text(
                "いまサーバーにつながっていないので、新しい版が前と同じに働くか確かめられません。つながれば進みます",
                "the engine cannot be reached now, so nobody could tell whether the new version works as this one; it "
                "goes on when it can",
            ),
        )
    return None


def _openings(hours: Hours, now: datetime, tried: date | None) -> Iterator[datetime]:
    """From when on it may go, soonest first: now, or the beginnings of the hours to come."""
    length = timedelta(hours=hours.last.hour - hours.first.hour, minutes=hours.last.minute - hours.first.minute)
    if length <= timedelta(0):
        length += timedelta(days=1)
    for ahead in range(-1, 63):
        start = datetime.combine(now.date() + timedelta(days=ahead), hours.first, JAPAN)
        end = start + length
        # Hours over midnight may begin on a day that is allowed and end on one that is not, or the other way round.
        for moment in (start, datetime.combine(start.date() + timedelta(days=1), time(), JAPAN)):
            moment = max(moment, now)
            stop = min(end, _next_day_off(hours, moment))
            if start <= moment and stop - moment >= ENOUGH and moment.date() != tried:
                yield moment


def _next_day_off(hours: Hours, moment: datetime) -> datetime:
    day = moment.date()
    while day.day not in hours.days_off and day < moment.date() + timedelta(days=2):
        day += timedelta(days=1)
    return datetime.combine(day, time(), JAPAN)


def _why(hours: Hours, now: datetime, tried: date | None) -> Text:
    if now.day in hours.days_off:
        return Text("レセプトの締めの期間です", "these are the days of receipt closing")
    if now.date() == tried:
        return Text("今日は一度試して、前の版に戻りました", "it was tried today, and the version before came back")
    return Text(
        f"更新してよい時間（{hours.first:%H:%M}〜{hours.last:%H:%M}）ではありません",
        f"it is outside the hours for updates ({hours.first:%H:%M} to {hours.last:%H:%M})",
    )
