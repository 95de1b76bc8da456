"""Without a script, and with a browser that knows little: everything is told, and every button works."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

import webui
from tests.browser.parts import TOOLS, Daemon, Watched, WebServer, shows

pytestmark = pytest.mark.browser
STATIC = Path(webui.__file__).parent / "static"


@pytest.fixture
def old(chromium: Browser) -> Iterator[Watched]:
    watched = Watched(chromium, java_script_enabled=False)
    yield watched
    watched.close()


def test_without_a_script_the_page_still_tells(daemon: Daemon, web: WebServer, old: Watched) -> None:
    daemon.say("failed")
    page = old.page
    page.goto(web.url)
    shows(page, "failed", "ケーブルが抜けています。")
    page.locator("#echo-line > summary").click()
    expect(page.locator("#light-engine")).to_be_visible()
    expect(page.locator("#past .outages li").first).to_contain_text("12分")
    expect(page.locator("#dates")).to_contain_text("受付1の電子証明書")
    old.keep("no-script")


def test_without_a_script_a_terminal_is_switched(daemon: Daemon, web: WebServer, old: Watched) -> None:
    daemon.let_staff_switch()
    page = old.page
    page.goto(web.url)
    page.locator("#internet-office").click()
    office = page.locator("form.switch", has_text="事務室")
    expect(office.locator(".there")).to_have_text("インターネット")
    expect(office).to_contain_text("に自動でレセコンに戻ります。")
    expect(office.locator(".countdown")).to_contain_text("あと ")
    page.locator("#receipt-office").click()
    expect(office.locator(".there")).to_have_text("レセコン")


def test_the_script_is_of_2017() -> None:
    for script in STATIC.glob("*.js"):
        subprocess.run([TOOLS / "acorn", "--ecma2017", "--silent", script], check=True, timeout=120)


def test_the_style_needs_nothing_that_old_browsers_lack(web: WebServer, old: Watched) -> None:
    """What it leaves out is only beauty: without any style the page's order is that of its worth."""
    for style in STATIC.glob("*.css"):
        assert "grid" not in style.read_text()
    page = old.page
    page.route("**/*.css*", lambda route: route.abort())
    page.goto(web.url)
    tops = [page.locator(part).bounding_box() for part in ("#headline", "#lights", "#past", "#dates", "#foot")]
    assert [box["y"] for box in tops if box] == sorted(box["y"] for box in tops if box)
    old.keep("no-style")
