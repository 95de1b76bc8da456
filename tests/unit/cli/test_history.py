"""`sekisho history` and `sekisho calendar`: what the real rooms tell, as a terminal shows it."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.main import main
from tests.golden import golden
from tests.unit.webui import told

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]
NOW = datetime(2026, 11, 23, 1, 5, 3, tzinfo=UTC)
GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("language", ["both", "ja", "en"])
def test_a_month_in_pictures_and_words(daemon: Daemon, capsys: Captured, language: str) -> None:
    lights, outages = told.lights(NOW.timestamp(), 720), told.outages(NOW.timestamp(), 720)
    with daemon(history_lights=lights, history_outages=outages) as asked:
        assert main(["history", "--days", "30", "--changes", "--lang", language]) == 0
    assert asked == [("history.lights", {"hours": 720}), ("history.outages", {"hours": 720})]
    shown = capsys.readouterr().out
    assert shown == golden(GOLDEN / f"history-{language}.txt", shown)


def test_a_quiet_day(daemon: Daemon, capsys: Captured) -> None:
    lights, outages = (tell(NOW.timestamp(), 24, quiet=True) for tell in (told.lights, told.outages))
    with daemon(history_lights=lights, history_outages=outages) as asked:
        assert main(["history"]) == 0
    assert asked[0] == ("history.lights", {"hours": 24})
    assert "レセコンにつながらなかったことはありません。" in capsys.readouterr().out


def test_history_as_json(daemon: Daemon, capsys: Captured) -> None:
    lights, outages = told.lights(NOW.timestamp(), 3), told.outages(NOW.timestamp(), 3)
    with daemon(history_lights=lights, history_outages=outages):
        assert main(["history", "--hours", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps({"lights": lights, "outages": outages}))


@pytest.mark.parametrize("language", ["both", "ja", "en"])
def test_what_ends_next(daemon: Daemon, capsys: Captured, language: str) -> None:
    with daemon(calendar=told.dates(NOW)):
        assert main(["calendar", "--lang", language]) == 0
    shown = capsys.readouterr().out
    assert shown == golden(GOLDEN / f"calendar-{language}.txt", shown)


def test_no_dates_at_all(daemon: Daemon, capsys: Captured) -> None:
    with daemon(calendar={"at": "2026-11-23T01:05:03Z", "dates": []}):
        assert main(["calendar"]) == 0
    assert capsys.readouterr().out == ""
