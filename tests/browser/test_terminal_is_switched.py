"""Staff switch a terminal to the internet: its time is counted down, and it goes back, by itself or by a press."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.parts import GENEROUS, Daemon, Watched, WebServer

pytestmark = pytest.mark.browser


def test_a_terminal_is_switched_and_goes_back(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    daemon.let_staff_switch()
    page = watched.page
    page.goto(web.url)
    reception = page.locator("form.switch", has_text="受付1")
    expect(reception.locator(".there")).to_have_text("レセコン")
    reception.get_by_role("button", name="インターネットに切り替える").click()
    expect(reception.locator(".there")).to_have_text("インターネット")
    countdown = reception.locator(".countdown")
    expect(countdown).to_contain_text("あと ")
    before = countdown.inner_text()
    expect(countdown).not_to_have_text(before, timeout=GENEROUS)
    expect(reception).to_contain_text("に自動でレセコンに戻ります。")
    assert page.request.get(f"{web.url}terminals.json").json()["terminals"][0]["state"] == "internet"
    page.locator("#terminals").screenshot(path="build/screenshots/terminals-ja.png")

    daemon.time_is_up()
    expect(reception.locator(".there")).to_have_text("レセコン", timeout=GENEROUS)

    reception.get_by_role("button", name="インターネットに切り替える").click()
    reception.get_by_role("button", name="レセコンに戻す").click()
    expect(reception.locator(".there")).to_have_text("レセコン")
    assert watched.complaints == []


def test_without_leave_there_is_no_switch_and_the_daemon_refuses_it(
    daemon: Daemon, web: WebServer, watched: Watched
) -> None:
    page = watched.page
    daemon.let_staff_switch()
    page.goto(web.url)
    button = page.locator("#internet-reception-1")
    expect(button).to_be_visible()
    # Another window, in which nothing is updated.
    form = page.evaluate("new URLSearchParams(new FormData(document.forms[0])).toString() + '&to=internet'")
    daemon.let_staff_switch(False)
    expect(button).to_have_count(0, timeout=GENEROUS)
    answer = page.request.post(
        f"{web.url}terminals/reception-1",
        data=form,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Origin": web.url.rstrip("/")},
    )
    assert answer.status == 409
    assert "ページからの切り替えは使えません。" in answer.text()
