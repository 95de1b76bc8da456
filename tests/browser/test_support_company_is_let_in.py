"""Staff let the support company in to a terminal: to whom and for how long is shown, and it closes by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.guide import picture
from tests.browser.parts import GENEROUS, Daemon, Watched, WebServer
from tests.browser.test_accessibility import faults, violations

pytestmark = pytest.mark.browser


def test_a_terminal_is_opened_and_closes(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    daemon.let_staff_open()
    page = watched.page
    page.goto(web.url)
    reception = page.locator("#maintenance form", has_text="受付1")
    expect(reception.locator(".there")).to_have_text("閉じています")
    reception.get_by_label("許可する相手").select_option("画像の保守会社")
    # News of something else must not change whom somebody is about to let in.
    daemon.open("office")
    expect(page.locator("#end-office")).to_be_visible(timeout=GENEROUS)
    daemon.time_is_up()
    expect(page.locator("#allow-office")).to_be_visible(timeout=GENEROUS)
    expect(reception.get_by_label("許可する相手")).to_have_value("imaging")
    reception.get_by_role("button", name="遠隔保守を許可する").click()
    expect(reception.locator(".there")).to_have_text("開いています", timeout=GENEROUS)
    expect(reception).to_contain_text("画像の保守会社が入れます。")
    # More time is for him who has it.
    expect(reception.get_by_label("許可する相手")).to_have_value("imaging")
    countdown = reception.locator(".countdown")
    before = countdown.inner_text()
    expect(countdown).not_to_have_text(before, timeout=GENEROUS)
    expect(page.locator("#maintenance form", has_text="事務室").locator(".there")).to_have_text("閉じています")

    daemon.somebody_comes()
    expect(reception).to_contain_text("入っています（1件）。", timeout=GENEROUS)
    page.locator("#maintenance").screenshot(path="build/screenshots/maintenance-ja.png")
    picture(page, "guide-maintenance", "#maintenance", "#maintenance")

    daemon.time_is_up()
    expect(reception.locator(".there")).to_have_text("閉じています", timeout=GENEROUS)

    reception.get_by_role("button", name="遠隔保守を許可する").click()
    reception.get_by_role("button", name="いますぐ閉じる").click()
    expect(reception.locator(".there")).to_have_text("閉じています", timeout=GENEROUS)
    assert watched.complaints == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_an_open_door_is_for_everybody(
    daemon: Daemon, web: WebServer, watched: Watched, tmp_path: Path, language: str
) -> None:
    daemon.let_staff_open()
    page = watched.page
    page.goto(f"{web.url}?lang={language}")
    page.locator("#allow-reception-1").click()
    expect(page.locator("#end-reception-1")).to_be_visible(timeout=GENEROUS)
    assert faults(page.request.get(web.url).text(), tmp_path) == []
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert violations(page) == []
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.screenshot(path=f"build/screenshots/maintenance-phone-{language}.png", full_page=True)
