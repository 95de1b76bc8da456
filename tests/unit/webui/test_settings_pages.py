"""The settings' history as a browser without scripts gets it, before a real history and the real access room."""

from __future__ import annotations

from functools import partial
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from appliance.control.dispatch import Method
from appliance.control.roles import ALLOWED
from appliance.errors import SekishoError
from tests.unit.control.access_desk import GOOD, Desk
from tests.unit.webui.browsing import Browser
from tests.unit.webui.versions_told import METHODS, SECRET, Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "versions")


@pytest.fixture
def browser(settings: Settings, desk: Desk, app: Flask) -> Browser:
    """Of a vendor who has logged in."""
    more = {name: Method(partial(settings.handle, name), ALLOWED[name]) for name in METHODS}
    desk._dispatcher._methods = {**desk._dispatcher._methods, **more}
    desk.vendor()
    browser = Browser(app)
    browser.log_in()
    return browser


def test_every_version_says_who_when_and_what_became_of_it(browser: Browser) -> None:
    page = browser.get("/settings")
    assert page.status_code == 200
    assert [part.split(">")[0] for part in page.text.split('href="/settings/')[1:]] == ['4"', '3"', '2"', '1"']
    assert page.text.count("いま反映中") == 1
    for words in ("ベンダー sato", "本体の画面（root）", "試して、元に戻した", "時間内に確認されませんでした。"):
        assert words in browser.text
    browser.get("/settings?lang=en")
    assert "could not be put in force" in browser.text


def test_what_a_version_changed_and_what_the_way_back_would_change(browser: Browser) -> None:
    page = browser.get("/settings/1")
    assert '<del>-label = "事務室"</del>' in unescape(page.text)
    assert "ファイアウォールの規則を入れ替えます。" in browser.text
    assert "カーネルの設定を 3 項目そろえます。" in browser.text
    assert "これより前の版は残っていません。" in browser.text
    page = browser.get("/settings/3")
    assert '<ins>+label = "事務室"</ins>' in unescape(page.text)
    assert '<option value="2" selected>' in page.text
    assert "この版に戻す" not in browser.text, "it is in force"
    page = browser.get("/settings/3?with=1")
    assert "*** (changed)" in page.text
    assert "192.0.2.2/26" not in page.text
    for path in ("/settings/1", "/settings/2", "/settings/3", "/settings/4"):
        assert SECRET not in browser.get(path).text


def test_a_version_is_brought_back_on_trial_and_confirmed_after_another_log_in(
    browser: Browser, settings: Settings
) -> None:
    browser.get("/settings/1")
    assert browser.send("/settings/1/return", minutes="10").location == "/settings"
    assert ("site.try", {"version": 1, "seconds": 600}) in settings.asked
    page = browser.get("/settings")
    assert "新しい設定を試しています" in browser.text
    assert "いま試している（版 1 に戻す）" in browser.text
    assert 'action="/settings/confirm"' not in page.text
    assert '<input type="hidden" name="next" value="/settings">' in page.text
    assert browser.send("/logout", next="/settings").location == "/login?out&next=%2Fsettings"
    browser.get("/login?out&next=%2Fsettings")
    assert browser.send("/login", name="vendor", password=GOOD).location == "/settings"
    settings.begin_trial(may_confirm=True)
    browser.get("/settings")
    assert "確認しました。" in browser.send("/settings/confirm").text
    assert [name for name, _ in settings.asked if name == "site.confirm"] == ["site.confirm"]


def test_a_trial_is_given_up(browser: Browser, settings: Settings) -> None:
    settings.begin_trial(may_confirm=False, phase="checking")
    browser.get("/settings")
    assert "元の設定に戻しました。" in browser.send("/settings/cancel").text
    assert settings.trial is None


def test_refusals_are_told_in_their_words(browser: Browser, settings: Settings) -> None:
    settings.refusing = SekishoError("some.reason", "そうはできません。", "That cannot be.")
    browser.get("/settings/2")
    assert "そうはできません。" in browser.send("/settings/2/return", minutes="x").text
    assert ("site.try", {"version": 2, "seconds": 0}) in settings.asked
    settings.begin_trial(may_confirm=True)
    browser.get("/settings")
    refused = browser.send("/settings/confirm")
    assert (refused.status_code, "そうはできません。" in refused.text) == (409, True)
    assert browser.get("/settings/99").status_code == 404
    assert "版 99 は残っていません。" in browser.text
    browser.get("/settings/3?with=99")
    assert "版 99 は残っていません。" in browser.text


def test_who_may_read_may_not_always_change(browser: Browser, desk: Desk, app: Flask) -> None:
    for role, code in (("manager", 403), ("datacenter", 200)):
        first = desk.root("access.accounts.add", name=role, role=role)["password"]
        session = desk.log_in(role, first)["session"]
        desk.page("access.change_password", session, old=first, new=GOOD)
        other = Browser(app)
        other.log_in(GOOD, role)
        assert other.get("/settings").status_code == code
        shown = other.get("/settings/1")
        assert shown.status_code == code
        assert "この版を試し始める" not in other.text
        other.get("/account")
        sent = other.send("/settings/1/return", hidden=other.hidden("/logout"), minutes="5")
        assert sent.status_code == 403
    assert "/login" in (Browser(app).get("/settings").location or "")
