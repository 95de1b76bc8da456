"""With the keyboard alone: everything is reached, what is reached is seen, and no update takes the focus away."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.parts import GENEROUS, Daemon, Watched, WebServer, shows

pytestmark = pytest.mark.browser


def reach(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached")


def test_everything_can_be_done_without_a_mouse(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    daemon.let_staff_switch()
    daemon.say("failed")
    page = watched.page
    page.goto(web.url)
    shows(page, "failed", "ケーブルが抜けています。")
    reach(page, "nav a")
    reach(page, "#headline a")
    reach(page, "#internet-reception-1")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2, "one sees where one is"
    watched.keep("keyboard-focus")
    page.keyboard.press("Enter")
    expect(page.locator("#receipt-reception-1")).to_be_visible()

    reach(page, "#echo-line > summary")
    page.keyboard.press("Enter")
    expect(page.locator("#light-engine")).to_be_visible()
    daemon.say("failed", 20.0)
    expect(page.locator("#light-line > .says")).to_contain_text("20秒前に確認", timeout=GENEROUS)
    assert page.evaluate("document.activeElement.parentElement.id") == "echo-line", "an update leaves the focus"

    reach(page, "#dates-later > summary")
    page.keyboard.press("Space")
    expect(page.locator("#dates-later .dates-list")).to_be_visible()


def test_a_button_keeps_the_focus_while_its_clock_runs(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    daemon.let_staff_switch()
    page = watched.page
    page.goto(web.url)
    page.locator("#internet-reception-1").click()
    expect(page.locator("#receipt-reception-1")).to_be_visible()  # a page on its way has nothing to be reached
    reach(page, "#receipt-reception-1")
    daemon.say("warning")
    shows(page, "warning", "レセコンは使えます。")
    assert page.evaluate("document.activeElement.id") == "receipt-reception-1"
    page.keyboard.press("Enter")
    expect(page.locator("#receipt-reception-1")).to_have_count(0)
