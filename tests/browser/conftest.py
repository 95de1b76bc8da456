"""A browser, a page, and a daemon that tells it what to show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.parts import CHROMIUM, SCREENSHOTS, Daemon, Watched, WebServer


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
    web.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=list(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def watched(chromium: Browser) -> Iterator[Watched]:
    watched = Watched(chromium)
    yield watched
    watched.close()
