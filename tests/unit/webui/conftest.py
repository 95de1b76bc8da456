"""A daemon's side of the local API, in memory: what it says is made by the real health package."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from appliance.control import apart
from appliance.errors import SekishoError
from appliance.health.board import Board, Expected
from appliance.health.document import status_document
from appliance.health.model import Evidence
from appliance.text import Text
from tests.unit.control.access_desk import PAGE, Clock, Desk, opened
from tests.unit.webui import told
from webui.app import create_app

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
NOW = datetime(2026, 11, 23, 1, 5, 3, tzinfo=UTC)
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
        "wall_now": NOW,
        **more,
    }
    return status_document(board.lights(103.0), boot_now=103.0, **given)


class Daemon:
    """`now` is what it answers; `say` is what subscribers hear. An error stands for a daemon that is not there."""

    def __init__(self) -> None:
        self.now: Status | SekishoError = make_status()
        self.subscriptions = 0
        self.called: list[tuple[str, dict[str, Any]]] = []
        self.refuses: dict[str, SekishoError] = {}
        """By method."""
        self.quiet = False
        self._said: queue.Queue[Status | SekishoError] = queue.Queue()

    def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float) -> Any:
        given = params or {}
        self.called.append((method, given))
        if isinstance(self.now, SekishoError):
            raise self.now
        if method in self.refuses:
            raise self.refuses[method]
        match method:
            case "status":
                return self.now
            case "history.lights":
                return told.lights(NOW.timestamp(), given["hours"], quiet=self.quiet)
            case "history.outages":
                return told.outages(NOW.timestamp(), given["hours"], quiet=self.quiet)
            case "calendar":
                return told.dates(NOW)
            case "terminal.internet" | "terminal.receipt" | "maintenance.allow" | "maintenance.end":
                return {}
        raise AssertionError(method)

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


class Api:
    """The local API of a desk, as `appliance.control.client.Client` asks it; `down` while nobody answers."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.down = False
        self.status = make_status()

    def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float) -> Any:
        if self.down:
            raise NOT_RUNNING
        if method == "status":
            return self.status
        if method.startswith(("history.", "calendar")):
            raise NOT_RUNNING
        return self.desk.call(method, params or {}, PAGE)


@pytest.fixture
def both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Desk, Clock]:
    # The same work without a process for each: what that is good for has its own tests.
    monkeypatch.setattr(apart, "call", lambda module, name, *given: getattr(import_module(module), name)(*given))
    return opened(tmp_path, monkeypatch)


@pytest.fixture
def desk(both: tuple[Desk, Clock]) -> Desk:
    return both[0]


@pytest.fixture
def clock(both: tuple[Desk, Clock]) -> Clock:
    return both[1]


@pytest.fixture
def api(desk: Desk) -> Api:
    return Api(desk)


@pytest.fixture
def app(api: Api) -> Flask:
    return create_app(lambda: api)  # type: ignore[arg-type,return-value]
