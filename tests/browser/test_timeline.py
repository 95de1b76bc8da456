"""What happened before: an outage with its cause and length, in a picture and in words."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.parts import GENEROUS, Daemon, Watched, WebServer, shows

pytestmark = pytest.mark.browser


def test_an_outage_shows_its_cause_and_length(web: WebServer, watched: Watched) -> None:
    page = watched.page
    page.goto(web.url)
    past = page.locator("#past")
    expect(past.locator(".course")).to_have_count(2)
    newest = past.locator(".outages li").first
    expect(newest).to_contain_text("12分")
    expect(newest).to_contain_text("インターネット側のケーブルが抜けています。")
    expect(newest.locator("code")).to_have_text("line.no-cable")
    expect(past.locator(".outages")).to_contain_text("ルーターの電源が切れていました。")
    line = past.locator(".course").first.locator("tr", has_text="インターネット回線")
    failed, ok = (line.locator(f"path.{state}").bounding_box() for state in ("failed", "ok"))
    assert failed and ok
    assert failed["height"] > 4 * ok["height"], "the worse, the taller"
    assert failed["width"] < ok["width"]
    past.screenshot(path="build/screenshots/timeline-ja.png")


def test_a_failure_that_begins_while_one_looks_comes_into_the_picture(
    daemon: Daemon, web: WebServer, watched: Watched
) -> None:
    daemon.quiet = True
    page = watched.page
    page.goto(web.url)
    expect(page.locator("#past")).to_contain_text("この30日に、つながらなかったことはありません。")
    shows(page, "ok", "すべて正常です。")
    page.evaluate("window.sameDocument = true")
    daemon.quiet = False
    daemon.say("failed")
    shows(page, "failed", "ケーブルが抜けています。")
    expect(page.locator("#past .outages li").first).to_contain_text("12分", timeout=GENEROUS)
    assert page.evaluate("window.sameDocument")
    assert watched.complaints == []
