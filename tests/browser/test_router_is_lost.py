"""The page has lost the router, or the router its daemon: nothing old passes for new, and it mends itself."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.parts import GENEROUS, Daemon, Watched, WebServer, shows

pytestmark = pytest.mark.browser


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
    streams = []
    for _ in range(24):
        stream = web.front.connect()
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
