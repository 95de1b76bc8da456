"""On a small telephone: nothing is cut off, and what is to be pressed is large enough for a finger."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.parts import Daemon, Watched, WebServer, nothing_is_cut_off

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("width", [320, 390])
def test_everything_is_reached_by_scrolling_down(
    daemon: Daemon, web: WebServer, chromium: Browser, language: str, width: int
) -> None:
    daemon.let_staff_switch()
    daemon.say("failed")
    watched = Watched(chromium, width, 700, has_touch=True, is_mobile=True)
    page = watched.page
    page.goto(f"{web.url}?lang={language}")
    page.locator("#internet-reception-1").tap()
    expect(page.locator("#receipt-reception-1")).to_be_visible()
    page.locator("#echo-line > summary").tap()
    page.locator("#dates-later > summary").tap()
    assert nothing_is_cut_off(page)
    for button in page.locator("button").all():
        box = button.bounding_box()
        assert box and box["height"] >= 44, "for a finger"
    watched.keep(f"phone-{width}-{language}")
    assert watched.complaints == []
    watched.close()
