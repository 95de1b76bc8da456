"""What the daemon tells beside the status, made by the real rooms: a past with an outage, and dates that end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from appliance.control.dates import document
from appliance.control.methods_history import lights_document, outages_document
from appliance.health.board import Board, Expected
from appliance.health.calendar import calendar
from appliance.health.model import Evidence
from appliance.history.model import Anchor, Change, Run, Shown
from appliance.history.past import Past, past

HOUR = 3600.0
DAY = 24 * HOUR
AGE = 20 * DAY
"""Seconds for which the record has been kept."""
NO_CABLE = ("wan.carrier wan0", "tunnel.path dc1", "tunnel.path dc2", "engine.proof receipt@203.0.113.17")
IMPOSTOR = ("engine.proof receipt@203.0.113.17",)
ON_SPARE = ("tunnel.path dc1",)

SEEN = (
    ("account.present", ""),
    ("router.settings", ""),
    ("router.clock", ""),
    ("wan.carrier", "wan0"),
    ("wan.gateway", "wan0"),
    ("tunnel.path", "dc1"),
    ("tunnel.path", "dc2"),
    ("tunnel.carrying", "dc1"),
    ("engine.proof", "receipt@203.0.113.17"),
    ("certificate.days", "identity"),
)


def shown(*broken: str, reason: str = "timeout") -> tuple[Shown, ...]:
    board = Board()
    board.expect(Expected({"wan": "wan0"}, ("dc1", "dc2"), ("receipt",), ("identity",)))
    for kind, subject in SEEN:
        ok = f"{kind} {subject}" not in broken
        board.record(Evidence(kind, subject, True, 99.0, "", "400"))
        board.record(Evidence(kind, subject, ok, 100.0, "" if ok else reason, "400"))
    return tuple(
        Shown(light.name, light.state.value, light.cause, light.root, light.summary) for light in board.lights(101.0)
    )


def eventful(now: float, hours: int, *, quiet: bool = False) -> Past:
    """now: Unix time. quiet: nothing ever happened."""
    offset = now - AGE
    well = shown()
    first = [
        (10.0, well),
        (AGE - 12 * DAY, shown(*IMPOSTOR, reason="wrong-pin")),
        (AGE - 12 * DAY + 3 * HOUR, well),
        (AGE - 5 * DAY, shown(*ON_SPARE)),
        (AGE - 4 * DAY, well),
    ]
    second = [(AGE - 25 * HOUR + 60, well), (AGE - 2 * HOUR, shown(*NO_CABLE)), (AGE - 2 * HOUR + 720, well)]
    if quiet:
        first, second = first[:1], second[:1]
    runs = [
        Run(1, "a", 5.0, Anchor(5.0, offset + 5.0), AGE - 27 * HOUR, False),
        Run(2, "b", AGE - 25 * HOUR, Anchor(0.0, offset)),
    ]
    if quiet:
        runs = [Run(1, "a", 5.0, Anchor(5.0, offset + 5.0))]
    told = [change for run, moments in zip(runs, (first, second), strict=False) for change in _differing(run, moments)]
    return past(runs, told, Anchor(AGE, now), now - hours * HOUR)


def _differing(run: Run, moments: list[tuple[float, tuple[Shown, ...]]]) -> Iterator[Change]:
    """As they are written down: what is new, and not all that is shown."""
    before: dict[str, Shown] = {}
    for at, together in moments:
        for one in together:
            if before.get(one.light) != one:
                yield Change(run.number, at, one)
            before[one.light] = one


def lights(now: float, hours: int, *, quiet: bool = False) -> dict[str, Any]:
    return lights_document(eventful(now, hours, quiet=quiet), now, hours)


def outages(now: float, hours: int, *, quiet: bool = False) -> dict[str, Any]:
    return outages_document(eventful(now, hours, quiet=quiet), now, hours)


def dates(now: datetime) -> dict[str, Any]:
    ends = [
        ("account", now + timedelta(days=410)),
        ("identity", now + timedelta(days=402)),
        ("presented:receipt-gate", now + timedelta(days=402)),
        ("trust-anchor:Engines CA", now + timedelta(days=3650)),
        ("terminal:reception-1", now + timedelta(days=25)),
        ("engine:receipt", now + timedelta(days=61)),
        ("page:own", now + timedelta(days=120)),
        ("revocations:Terminals CA", now - timedelta(days=2)),
        ("firmware:Debian GNU/Linux 13", now + timedelta(days=1300)),
    ]
    return document(calendar(ends, {"reception-1": "受付1"}, now), now)
