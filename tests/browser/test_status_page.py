"""The page in a real browser, served by the real command, told by a real JSON-RPC server on a unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from appliance.control.roles import ALLOWED, Role
from appliance.control.rpc import JSON, Method, Peer, RpcServer, Stream
from appliance.health.board import Board, Expected
from appliance.health.document import status_document
from appliance.health.model import Evidence
from appliance.text import Text

pytestmark = pytest.mark.browser

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)
GENEROUS = 60_000
"""Milliseconds: how long a condition may take before the test gives up on it."""

SEEN = (
    ("account.present", ""),
    ("router.settings", ""),
    ("router.clock", ""),
    ("router.engine", "bird"),
    ("router.engine", "dnsmasq"),
    ("wan.carrier", "wan0"),
    ("wan.address", "wan0"),
    ("wan.gateway", "wan0"),
    ("tunnel.path", "dc1"),
    ("tunnel.path", "dc2"),
    ("tunnel.carrying", "dc1"),
    ("engine.proof", "receipt@203.0.113.17"),
    ("engine.proof", "receipt@203.0.113.33"),
    ("engine.proof", "receipt-gate@203.0.113.18"),
    ("certificate.days", "account"),
    ("certificate.days", "identity"),
)
PATHS = ("tunnel.path dc1", "tunnel.path dc2")
PROOFS = tuple(f"{kind} {subject}" for kind, subject in SEEN if kind == "engine.proof")
BROKEN: dict[str, tuple[str, ...]] = {
    "ok": (),
    "warning": ("tunnel.path dc1",),
    "failed": ("wan.carrier wan0", *PATHS, *PROOFS),
    "impostor": PROOFS,
    "unknown": (),
}


def status(case: str, seconds_later: float = 3.0) -> dict[str, Any]:
    """A status as the daemon would make it of what was seen in each case, one hour after it began."""
    board = Board()
    board.expect(
        Expected(
            {"wan": "wan0"}, ("dc1", "dc2"), ("receipt", "receipt-gate"), ("account", "identity"), ("bird", "dnsmasq")
        )
    )
    for kind, subject in () if case == "unknown" else SEEN:
        ok = f"{kind} {subject}" not in BROKEN[case]
        reason = {"failed": "unreachable", "impostor": "wrong-pin"}.get(case, "")
        board.record(Evidence(kind, subject, True, 4999.0, "", "400"))
        board.record(Evidence(kind, subject, ok, 5000.0, "" if ok else reason, "400"))
    now = 5000.0 + seconds_later
    board.lights(1400.0)
    return status_document(
        board.lights(now),
        wall_now=datetime.now(UTC),
        boot_now=now,
        clinic=("C-0001", Text("れんげ内科医院", "Renge Clinic")),
        vendor=("みほん電算システム", "03-0000-0000"),
        carrying=board.carrying(now),
    )


class Daemon:
    """The local API in a thread of its own: `start`, `say`, `stop`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._now: tuple[str, float] = ("ok", 3.0)
        self._changed = asyncio.Condition()
        self._server: RpcServer | None = None

    def start(self) -> None:
        methods = {
            "status": Method(self._status, ALLOWED["status"]),
            "subscribe": Method(self._subscribe, ALLOWED["subscribe"]),
        }
        self._server = RpcServer(self._path, methods, lambda _uid: Role.PAGE)
        self._await(self._server.start())

    def stop(self) -> None:
        if self._server:
            self._await(self._server.stop())
            self._server = None

    def say(self, case: str, seconds_later: float = 3.0) -> None:
        self._await(self._set(case, seconds_later))

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _set(self, case: str, seconds_later: float) -> None:
        async with self._changed:
            self._now = (case, seconds_later)
            self._changed.notify_all()

    async def _status(self, _params: dict[str, Any], _peer: Peer) -> JSON:
        return status(*self._now)

    async def _subscribe(self, _params: dict[str, Any], _peer: Peer) -> Stream:
        async def values() -> AsyncGenerator[JSON, None]:
            while True:
                yield status(*self._now)
                async with self._changed:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), 10)

        return Stream("status", values())


class WebServer:
    """``python -m webui`` as a process, on a port that stays the same when it is started again."""

    def __init__(self, api: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.address = f"127.0.0.1:{probe.getsockname()[1]}"
        self._api = api
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{self.address}/"

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "webui", "--listen", self.address, "--api", str(self._api)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        host, port = self.address.split(":")
        while self._process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection((host, int(port)), timeout=5):
                return
            time.sleep(0.05)
        raise AssertionError("the web server did not start")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path / "api.sock")
    daemon.start()
    yield daemon
    daemon.close()


@pytest.fixture
def web(daemon: Daemon, tmp_path: Path) -> Iterator[WebServer]:
    web = WebServer(tmp_path / "api.sock")
    web.start()
    yield web
    web.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        yield browser
        browser.close()


class Watched:
    """A page of which everything that it complains about, and everything that it asks for, is written down."""

    def __init__(self, chromium: Browser, width: int = 1280, height: int = 900) -> None:
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page: Page = chromium.new_context(viewport={"width": width, "height": height}).new_page()
        self.page.set_default_timeout(GENEROUS)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def keep(self, name: str) -> None:
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def close(self) -> None:
        self.page.context.close()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    watched = Watched(chromium)
    yield watched
    watched.close()


def shows(page: Page, state: str, words: str) -> None:
    expect(page.locator(f"#headline.{state} h1")).to_contain_text(words, timeout=GENEROUS)


def test_lights_change_without_reload_and_folds_stay_open(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    page = watched.page
    page.goto(web.url)
    shows(page, "ok", "すべて正常です。")
    expect(page.locator("article.lamp.ok:visible")).to_have_count(5)
    page.evaluate("window.sameDocument = true")

    daemon.say("failed")
    shows(page, "failed", "レセコンにつながりません。インターネット側のケーブルが抜けています。")
    expect(page).to_have_title("異常 – レセコンの接続状態")
    first = page.locator("#lights > article").first
    expect(first).to_have_attribute("id", "light-line")
    engine = page.locator("#light-engine")
    expect(engine).to_be_hidden()
    page.locator("#echo-line > summary").click()
    expect(engine).to_be_visible()

    daemon.say("impostor")
    shows(page, "failed", "安全のため、レセコンへの通信を止めました。")
    daemon.say("failed")
    shows(page, "failed", "ケーブルが抜けています。")
    page.locator("#echo-line > summary").click()
    daemon.say("failed", 20.0)
    expect(page.locator("#light-line > .says")).to_contain_text("20秒前に確認", timeout=GENEROUS)
    expect(engine).to_be_visible()

    daemon.say("ok")
    shows(page, "ok", "すべて正常です。")
    assert page.evaluate("window.sameDocument")
    assert watched.complaints == []
    assert {url for url in watched.asked if not url.startswith(web.url)} == set()


def test_the_other_language(web: WebServer, watched: Watched) -> None:
    page = watched.page
    page.goto(web.url)
    page.get_by_role("link", name="English").click()
    shows(page, "ok", "The receipt computer is connected. All is well.")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    page.goto(web.url)
    shows(page, "ok", "All is well.")
    page.get_by_role("link", name="日本語").click()
    shows(page, "ok", "すべて正常です。")
    assert watched.complaints == []


def test_a_page_that_lost_the_router_says_so_and_recovers(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    page = watched.page
    page.goto(web.url)
    shows(page, "ok", "すべて正常です。")
    assert watched.complaints == []
    banner = page.locator("#lost")
    expect(banner).to_be_hidden()

    web.stop()
    expect(banner).to_be_visible(timeout=GENEROUS)
    expect(banner).to_contain_text("表示が更新できていません（最後の更新")
    expect(page).to_have_title("表示が更新できていません")
    expect(page.locator("#headline .sign")).to_be_hidden()
    watched.keep("page-lost-ja")

    daemon.say("warning")
    web.start()
    shows(page, "warning", "レセコンは使えます。")
    expect(banner).to_be_hidden()
    expect(page).to_have_title("注意 – レセコンの接続状態")


def test_a_page_without_the_daemon_says_so_and_recovers(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    page = watched.page
    page.goto(web.url)
    shows(page, "ok", "すべて正常です。")
    daemon.stop()
    shows(page, "unknown", "様子が分かりません。")
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.get_by_role("link", name="03-0000-0000")).to_be_visible()
    watched.keep("daemon-lost-ja")
    answer = page.request.get(web.url)
    assert answer.status == 503
    daemon.start()
    shows(page, "ok", "すべて正常です。")


def test_when_all_streams_are_taken_the_page_polls(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    host, port = web.address.split(":")
    streams = []
    for _ in range(24):
        stream = socket.create_connection((host, int(port)), timeout=30)
        stream.sendall(b"GET /events HTTP/1.1\r\nHost: router\r\n\r\n")
        assert stream.recv(12) == b"HTTP/1.1 200"
        streams.append(stream)
    page = watched.page
    page.goto(web.url)
    shows(page, "ok", "すべて正常です。")
    daemon.say("failed")
    shows(page, "failed", "ケーブルが抜けています。")
    for stream in streams:
        stream.close()


def test_without_a_script_the_page_still_tells(daemon: Daemon, web: WebServer, chromium: Browser) -> None:
    daemon.say("failed")
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(web.url)
    shows(page, "failed", "ケーブルが抜けています。")
    page.locator("#echo-line > summary").click()
    expect(page.locator("#light-engine")).to_be_visible()
    context.close()


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(("form", "width", "height"), [("desktop", 1280, 900), ("phone", 390, 844)])
def test_every_state_fits_its_screen(
    daemon: Daemon, web: WebServer, chromium: Browser, language: str, form: str, width: int, height: int
) -> None:
    watched = Watched(chromium, width, height)
    page = watched.page
    for case in BROKEN:
        daemon.say(case)
        page.goto(f"{web.url}?lang={language}")
        state = {"impostor": "failed"}.get(case, case)
        expect(page.locator(f"#headline.{state}")).to_be_visible(timeout=GENEROUS)
        if case == "failed":
            page.locator("#echo-line > summary").click()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), "nothing is cut off"
        watched.keep(f"{case}-{language}-{form}")
    watched.close()
    assert watched.complaints == []
