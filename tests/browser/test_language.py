"""The other language, chosen once."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.parts import Watched, WebServer, shows

pytestmark = pytest.mark.browser


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
