"""Somebody asks afterwards: what was changed and by whom, the way back to earlier settings, the audit record."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.audit.entry import Actor, Deed
from appliance.control import access_store, methods_audit
from appliance.control.auditing import Auditor
from appliance.control.dispatch import Handler
from tests.browser.access_parts import ROUTER, AccessDaemon, browser_at, page_behind_tls
from tests.browser.parts import GENEROUS, Watched, nothing_is_cut_off
from tests.browser.test_accessibility import faults, violations
from tests.browser.test_log_in import GOOD, log_in, settled
from tests.unit.control.test_line_passwords import Reversed
from tests.unit.webui.versions_told import METHODS, SECRET, Settings

pytestmark = pytest.mark.browser

SATO = Actor("vendor", "sato", "192.0.2.20")
DONE = (
    Deed(Actor("system"), "router.started", {"version": "0.4.0"}, "done"),
    Deed(Actor("operator"), "apply", {"version": None}, "done"),
    Deed(SATO, "site.edit", {"section": "terminals", "written": True}, "done"),
    Deed(SATO, "site.try", {"version": 3, "seconds": 300}, "done"),
    Deed(SATO, "site.confirm", {}, "done"),
    Deed(Actor("page", "", "192.0.2.10"), "terminal.internet", {"terminal": "office", "minutes": 120}, "done"),
    Deed(Actor("manager", "kato", "192.0.2.11"), "terminal.receipt", {"terminal": "office"}, "done"),
    Deed(SATO, "capture.start", {"place": "lan", "payload": False}, "refused capture.no-such-place"),
)


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[AccessDaemon, Settings, int]]:
    with tempfile.TemporaryDirectory(prefix="his") as name, pytest.MonkeyPatch.context() as patch:
        directory = Path(name)
        patch.setattr(access_store, "_sealer", lambda name: Reversed(f"totp-{name}"))
        settings = Settings(directory / "versions")
        record = Auditor(directory / "audit")
        for deed in DONE:
            asyncio.run(record.record(deed))
        more: dict[str, Handler] = {name: partial(settings.handle, name) for name in METHODS}
        more |= methods_audit.methods(SimpleNamespace(auditor=record))
        daemon = AccessDaemon(directory, more)
        with page_behind_tls(daemon, directory) as port:
            yield daemon, settings, port
        daemon.close()


@pytest.fixture(scope="module")
def chromium(served: tuple[AccessDaemon, Settings, int]) -> Iterator[Browser]:
    with browser_at(served[2]) as browser:
        yield browser


@pytest.fixture(scope="module")
def vendor(served: tuple[AccessDaemon, Settings, int], chromium: Browser) -> Iterator[Watched]:
    watched = Watched(chromium)
    expect.set_options(timeout=GENEROUS)
    settled(watched.page, str(served[0].root("access.first_password")["password"]))
    yield watched
    watched.close()


def look(watched: Watched, name: str, folder: Path) -> None:
    """In both languages, on a desk and on a telephone: nothing is cut off, missing or hidden from anybody."""
    page = watched.page
    here = page.url.split("#")[0]
    assert faults(page.evaluate("address => fetch(address).then(answer => answer.text())", here), folder) == []
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert violations(page) == []
    watched.keep(name)
    page.set_viewport_size({"width": 360, "height": 740})
    assert nothing_is_cut_off(page)
    watched.keep(f"{name}-phone")
    page.goto(f"{here}{'&' if '?' in here else '?'}lang=en")
    assert nothing_is_cut_off(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    assert violations(page) == []
    watched.keep(f"{name}-en")
    page.goto(f"{here}{'&' if '?' in here else '?'}lang=ja")


def test_earlier_settings_come_back_on_trial(
    served: tuple[AccessDaemon, Settings, int], vendor: Watched, tmp_path: Path
) -> None:
    page, settings = vendor.page, served[1]
    page.get_by_role("link", name="設定の履歴").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("設定の履歴")
    expect(page.locator(".versions li")).to_have_count(4)
    look(vendor, "settings", tmp_path)

    page.get_by_role("link", name="版 1", exact=True).click()
    expect(page.locator("#back")).to_be_visible()
    expect(page.locator(".diff del").first).to_be_visible()
    assert SECRET not in page.content()
    look(vendor, "settings-version", tmp_path)
    page.get_by_label("試す時間").select_option("10")
    page.get_by_role("button", name="この版を試し始める").click()

    expect(page.get_by_role("heading", name="新しい設定を試しています")).to_be_visible()
    expect(page.get_by_role("button", name="確認して決める")).to_have_count(0)
    expect(page.locator("#left")).to_contain_text("秒")
    # The script reads the page anew every few seconds, which a slow machine needs for looking at it once.
    page.route("**/setup.js*", lambda route: route.fulfill(body="", content_type="text/javascript"))
    page.reload()
    look(vendor, "settings-trial", tmp_path)
    page.unroute("**/setup.js*")
    page.get_by_role("button", name="ログインし直す").click()
    _fill_in(page)
    expect(page).to_have_url(f"{ROUTER}/settings")
    settings.begin_trial(may_confirm=True)
    page.reload()
    vendor.keep("settings-confirm")
    page.get_by_role("button", name="確認して決める").click()
    expect(page.locator("#said")).to_contain_text("確認しました。")
    vendor.keep("settings-confirmed")
    assert vendor.complaints == []


def test_the_audit_record(vendor: Watched, tmp_path: Path) -> None:
    page = vendor.page
    page.goto(f"{ROUTER}/audit")
    expect(page.locator(".record")).to_contain_text("capture.no-such-place")
    look(vendor, "audit", tmp_path)

    page.get_by_label("ログイン名").fill("sato")
    page.get_by_label("何を").select_option("settings")
    page.get_by_role("button", name="絞り込む").click()
    expect(page.locator(".record tbody tr")).to_have_count(3)
    with page.expect_download() as taken:
        page.get_by_role("link", name="JSON Lines").click()
    assert Path(taken.value.path()).read_text().count('"name":"sato"') == 3
    with page.expect_download() as taken:
        page.get_by_role("link", name="CSV").click()
    assert taken.value.suggested_filename == "sekisho-audit.csv"

    page.get_by_role("button", name="書き換えられていないか確かめる").click()
    expect(page.locator("#verdict")).to_contain_text("書き換えも抜けもありません。")
    look(vendor, "audit-verified", tmp_path)
    assert vendor.complaints == []


def test_without_scripts(served: tuple[AccessDaemon, Settings, int], chromium: Browser, vendor: Watched) -> None:
    old = Watched(chromium, java_script_enabled=False)
    try:
        log_in(old.page, GOOD)
        old.page.goto(f"{ROUTER}/settings/1")
        old.page.get_by_role("button", name="この版を試し始める").click()
        expect(old.page.get_by_role("heading", name="新しい設定を試しています")).to_be_visible()
        old.page.get_by_role("button", name="やめて元に戻す").click()
        expect(old.page.locator("#said")).to_contain_text("元の設定に戻しました。")
    finally:
        old.close()


def _fill_in(page: Page) -> None:
    """The form of the log-in that is shown."""
    page.get_by_label("ログイン名").fill("vendor")
    page.get_by_label("パスワード").fill(GOOD)
    page.get_by_role("button", name="ログイン", exact=True).click()
