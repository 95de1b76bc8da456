"""What ends next: the day, what stops, and who acts."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.parts import Watched, WebServer

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["ja", "en"])
def test_what_ends_next(web: WebServer, watched: Watched, language: str) -> None:
    page = watched.page
    page.goto(f"{web.url}?lang={language}")
    dates = page.locator("#dates")
    near = dates.locator("> .paper > .dates-list > li")
    expect(near).to_have_count(3)
    expect(near.nth(1)).to_contain_text("受付1")
    expect(near.nth(1)).to_have_class("warning")
    expect(near.nth(1)).to_contain_text("あと 25日" if language == "ja" else "25 days left")
    stops = "レセコンにつながらなくなります" if language == "ja" else "can no longer reach the receipt computer"
    expect(near.nth(1).locator("dd").first).to_contain_text(stops)
    expect(near.nth(1).locator("dd").last).to_contain_text("サポート会社" if language == "ja" else "support company")
    account = dates.get_by_text("接続アカウント" if language == "ja" else "The connection account", exact=True)
    expect(account).to_be_hidden()
    dates.locator("summary").click()
    expect(account).to_be_visible()
    dates.screenshot(path=f"build/screenshots/calendar-{language}.png")
    assert watched.complaints == []
