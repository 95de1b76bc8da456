"""A daemon's side of the local API, in memory: what it says is made by the real health package."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from appliance.errors import SekishoError
from appliance.health.board import Board, Expected
from appliance.health.document import status_document
from appliance.health.model import Evidence
from appliance.text import Text

Status = dict[str, Any]

WELL = (
    ("account.present", ""),
    ("router.settings", ""),
    ("router.clock", ""),
    ("wan.gateway", "wan0"),
    ("tunnel.path", "dc1"),
    ("tunnel.path", "dc2"),
    ("tunnel.carrying", "dc1"),
    ("engine.proof", "receipt@203.0.113.17"),
    ("certificate.days", "identity"),
)
NOT_RUNNING = SekishoError("control.not-running", "関所が動いていません。", "Sekisho is not running.")


def make_status(*broken: str, clinic: str | None = "れんげ内科医院", **more: Any) -> Status:
    """broken: ``kind subject`` of what is seen to be out of order; all else is well."""
    board = Board()
    board.expect(Expected({"wan": "wan0"}, ("dc1", "dc2"), ("receipt",), ("identity",)))
    for kind, subject in (*WELL, ("wan.carrier", "wan0")):
        ok = f"{kind} {subject}" not in broken
        board.record(Evidence(kind, subject, True, 99.0, "", "400"))
        board.record(Evidence(kind, subject, ok, 100.0, "" if ok else "timeout", "400"))
    board.lights(100.0)
    given = {
        "clinic": ("C-0001", Text(clinic, "Renge Clinic")) if clinic else None,
        "vendor": ("みほん電算", "03 (0000) 0000"),
        "carrying": board.carrying(103.0),
        "wall_now": datetime(2026, 11, 23, 1, 5, 3, tzinfo=UTC),
        **more,
    }
    return status_document(board.lights(103.0), boot_now=103.0, **given)


class Daemon:
    """`now` is what it answers; `say` is what subscribers hear. An error stands for a daemon that is not there."""

    def __init__(self) -> None:
        self.now: Status | SekishoError = make_status()
        self.subscriptions = 0
        self._said: queue.Queue[Status | SekishoError] = queue.Queue()

    def call(self, method: str, *, timeout: float) -> Any:
        assert method == "status"
        if isinstance(self.now, SekishoError):
            raise self.now
        return self.now

    def say(self, news: Status | SekishoError) -> None:
        self.now = news
        self._said.put(news)

    def subscribe(self, timeout: float) -> Iterator[Status]:
        self.subscriptions += 1
        yield self.call("status", timeout=timeout)
        while True:
            news = self._said.get(timeout=timeout)
            if isinstance(news, SekishoError):
                raise news
            yield news


@pytest.fixture
def status() -> Callable[..., Status]:
    return make_status


@pytest.fixture
def not_running() -> SekishoError:
    return NOT_RUNNING


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    daemon = Daemon()
    yield daemon
    daemon.say(NOT_RUNNING)
