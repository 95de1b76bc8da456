"""The wizard, from a router that knows nothing to its report: what a vendor sees and types, step by step."""

from __future__ import annotations

import itertools
import tempfile
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, Response, expect

from appliance import paths
from appliance.control import access_store, methods_draft
from appliance.control.dispatch import Handler
from appliance.errors import SekishoError
from tests.browser.access_parts import ROUTER, AccessDaemon, browser_at, page_behind_tls
from tests.browser.parts import GENEROUS, SCREENSHOTS, Watched, nothing_is_cut_off
from tests.browser.test_accessibility import faults, violations
from tests.browser.test_keyboard import reach
from tests.browser.test_log_in import GOOD, log_in, settled
from tests.unit.control.test_line_passwords import Reversed
from tests.unit.webui.test_setup_pages import METHODS, Router

pytestmark = pytest.mark.browser

_VISITORS = itertools.count(100)
_documents: dict[Page, Response] = {}
"""What each page was made of, as it came."""


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="set") as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def router() -> Router:
    return Router()


@pytest.fixture(scope="module")
def port(directory: Path, router: Router) -> Iterator[tuple[AccessDaemon, int]]:
    more: dict[str, Handler] = {name: partial(router.handle, name) for name in METHODS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access_store, "_sealer", lambda name: Reversed(f"totp-{name}"))
        patch.setattr(paths, "SITE", directory / "site.toml")
        daemon = AccessDaemon(directory, methods_draft.methods() | more)
        with page_behind_tls(daemon, directory) as port:
            yield daemon, port
        daemon.close()


@pytest.fixture(scope="module")
def chromium(port: tuple[AccessDaemon, int]) -> Iterator[Browser]:
    with browser_at(port[1]) as browser:
        yield browser


@pytest.fixture
def page(chromium: Browser, port: tuple[AccessDaemon, int], router: Router) -> Iterator[Page]:
    """Of a vendor who has logged in, before a router that knows nothing."""
    paths.SITE.unlink(missing_ok=True)
    router.account = router.trial = router.refusing = None
    router.files = []
    daemon = port[0]
    daemon.visitor = f"192.0.2.{next(_VISITORS)}"
    for one in daemon.root("access.accounts.list")["accounts"]:
        daemon.root("access.accounts.remove", name=one["name"])
    watched = Watched(chromium)
    watched.page.set_default_timeout(GENEROUS)
    expect.set_options(timeout=GENEROUS)
    settled(watched.page, str(daemon.root("access.first_password")["password"]))
    watched.page.on("response", _keep)
    yield watched.page
    _documents.clear()
    watched.close()


def _keep(response: Response) -> None:
    if response.request.resource_type == "document" and response.status not in (302, 303):
        _documents[response.frame.page] = response


def look(page: Page, name: str) -> None:
    """Nothing on it is cut off, missing or hidden from anybody; kept as a picture."""
    assert nothing_is_cut_off(page)
    assert violations(page) == []
    with tempfile.TemporaryDirectory(prefix="html") as folder:
        assert faults(_documents[page].text(), Path(folder)) == []
    page.screenshot(path=SCREENSHOTS / f"setup-{name}.png", full_page=True)


def test_from_a_fresh_router_to_the_report(page: Page, router: Router, directory: Path) -> None:
    page.goto(f"{ROUTER}/setup/")
    expect(page.get_by_role("heading", level=1)).to_have_text("接続アカウント", timeout=GENEROUS)
    look(page, "account")
    file = directory / "clinic.sekisho-account"
    file.write_bytes(b"sealed")
    stick = {"kind": "account", "path": "/run/sekisho/sticks/sda1/other.sekisho-account", "size": 9, "stick": "sda1"}
    router.files = [stick]
    page.get_by_role("link", name="もう一度見る").click()
    expect(page.get_by_label("other.sekisho-account")).to_be_checked()
    look(page, "account-stick")
    page.get_by_label("接続アカウントのファイル").set_input_files(file)
    expect(page.get_by_label("このパソコンのファイル")).to_be_checked()
    page.get_by_label("アクティベーションコード").fill("ABCDE-FGHJK")
    page.get_by_role("button", name="取り込む").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("回線")
    page.get_by_role("button", name="回線を調べる").click()
    expect(page.get_by_text("返事がありました。").first).to_be_visible()
    page.get_by_role("button", name="この種類を使う").click()
    page.get_by_label("接続 ID").fill("clinic@provider.example")
    page.get_by_label("接続パスワード").fill("SECRET")
    expect(page.get_by_label("AFTR")).to_be_hidden()
    look(page, "line")
    page.get_by_role("button", name="保存して次へ").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("院内のネットワーク")
    page.get_by_label("ルーターのアドレスと大きさ").fill("192.0.2.300/26")
    page.get_by_role("button", name="保存して次へ").click()
    wrong = page.get_by_label("ルーターのアドレスと大きさ")
    expect(wrong).to_have_attribute("aria-invalid", "true")
    look(page, "lan-wrong")
    wrong.fill("192.0.2.1/26")
    page.get_by_label("端末にアドレスを自動で配る").check()
    page.get_by_label("配るアドレスの最初").fill("192.0.2.32")
    page.get_by_label("配るアドレスの最後").fill("192.0.2.61")
    page.get_by_role("button", name="保存して次へ").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("レセプトの端末")
    page.get_by_role("button", name="院内の機器を探す").click()
    expect(page.get_by_text("いま院内で見つかった")).to_be_visible()
    found = page.locator(".found")
    found.get_by_label("登録する").check()
    found.get_by_label("呼び名").fill("受付1")
    look(page, "terminals")
    page.get_by_role("button", name="保存して次へ").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("困ったときの連絡先")
    # This one with the keyboard alone.
    for field, typed in (("#name", "サンプル商会"), ("#phone", "03-0000-0000")):
        reach(page, field)
        page.keyboard.type(typed)
    look(page, "vendor")
    reach(page, "main form .main")
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=1)).to_have_text("試す")
    look(page, "try")
    page.get_by_role("button", name="試し始める").click()
    until = (datetime.now(UTC) + timedelta(minutes=5)).isoformat(timespec="seconds").replace("+00:00", "Z")
    router.trial = {"version": 1, "phase": "waiting", "until": until, "may_confirm": False}
    router.trial["address"] = "192.0.2.1"
    page.reload()
    expect(page.get_by_role("button", name="確認して決める")).to_have_count(0)
    expect(page.locator("#left")).to_contain_text("秒")
    look(page, "trial")
    page.get_by_role("button", name="ログインし直す").click()
    log_in(page, GOOD)
    expect(page.get_by_role("button", name="ログアウト")).to_be_visible()
    router.trial = {**router.trial, "may_confirm": True}
    page.goto(f"{ROUTER}/setup/try")
    look(page, "confirm")
    page.get_by_role("button", name="確認して決める").click()

    router.trial = None
    expect(page.get_by_role("heading", level=1)).to_have_text("疎通確認報告書")
    look(page, "report")
    with page.expect_download() as download:
        page.get_by_role("button", name="報告書を作る").click()
    assert download.value.suggested_filename.startswith("sekisho-report-")


def test_all_steps_in_english_with_the_keyboard_alone(page: Page, router: Router, directory: Path) -> None:
    file = directory / "english.sekisho-account"
    file.write_bytes(b"sealed")
    page.goto(f"{ROUTER}/setup/account?lang=en")
    at_step(page, "The connection account")
    with page.expect_file_chooser() as chooser:
        press(page, page.get_by_label("Account file"))
    chooser.value.set_files(file)
    write(page, "Activation code", "ABCDE-FGHJK")
    look(page, "account-en")
    press(page, page.get_by_role("button", name="Take it in"))

    at_step(page, "The line")
    press(page, page.get_by_role("button", name="Look what line it is"))
    expect(page.locator(".finding")).to_be_visible()
    press(page, page.get_by_role("button", name="Use this kind"))
    write(page, "User name", "clinic@provider.example")
    write(page, "Password", "SECRET")
    look(page, "line-en")
    press(page, page.get_by_role("button", name="Save and go on"))

    at_step(page, "The clinic's network")
    write(page, "Router's address and network size", "192.0.2.300/26")
    press(page, page.get_by_role("button", name="Save and go on"))
    expect(page.get_by_label("Router's address and network size")).to_have_attribute("aria-invalid", "true")
    look(page, "lan-wrong-en")
    write(page, "Router's address and network size", "192.0.2.1/26")
    press(page, page.get_by_label("Hand out addresses to terminals"), "Space")
    write(page, "First address", "192.0.2.32")
    write(page, "Last address", "192.0.2.61")
    press(page, page.get_by_role("button", name="Save and go on"))

    at_step(page, "Receipt terminals")
    press(page, page.get_by_role("button", name="Look for machines"))
    found = page.locator(".found")
    expect(found).to_be_visible()
    press(page, found.get_by_label("Add", exact=True), "Space")
    write(page, "Called", "Reception", found)
    look(page, "terminals-en")
    press(page, page.get_by_role("button", name="Save and go on"))

    at_step(page, "Whom to call")
    write(page, "Company", "Sample & Co.")
    write(page, "Telephone number", "03-0000-0000")
    look(page, "vendor-en")
    press(page, page.get_by_role("button", name="Save and go on"))

    at_step(page, "Try it")
    tab_to(page, page.get_by_label("Time to try"))
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Time to try")).to_have_value("10")
    look(page, "try-en")
    press(page, page.get_by_role("button", name="Begin"))
    until = (datetime.now(UTC) + timedelta(minutes=5)).isoformat(timespec="seconds").replace("+00:00", "Z")
    router.trial = {"version": 1, "phase": "waiting", "until": until, "may_confirm": False, "address": "192.0.2.1"}
    page.reload()
    expect(page.locator("#left")).to_be_visible()
    look(page, "trial-en")
    press(page, page.get_by_role("button", name="Log in again"))
    expect(page.get_by_label("Log-in name")).to_be_focused()
    page.keyboard.type("vendor")
    page.keyboard.press("Tab")
    page.keyboard.type(GOOD)
    router.trial = {**router.trial, "may_confirm": True}
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Confirm")).to_be_visible()
    look(page, "confirm-en")
    press(page, page.get_by_role("button", name="Confirm"))
    router.trial = None

    at_step(page, "Connectivity report")
    look(page, "report-en")
    with page.expect_download() as download:
        press(page, page.get_by_role("button", name="Make the report"))
    assert download.value.suggested_filename.startswith("sekisho-report-")


def test_the_hours_of_updates(page: Page) -> None:
    page.goto(f"{ROUTER}/setup/update")
    at_step(page, "更新してよい時間")
    expect(page.get_by_label("何時から")).to_have_value("02:00")
    expect(page.get_by_label("更新しない日（毎月）")).to_have_value("1-10")
    look(page, "update")
    page.get_by_label("何時まで").fill("02:30")
    page.get_by_role("button", name="保存して次へ").click()
    expect(page.get_by_label("何時から")).to_have_attribute("aria-invalid", "true")
    look(page, "update-wrong")
    page.goto(f"{ROUTER}/setup/update?lang=en")
    page.get_by_label("From").fill("23:00")
    page.get_by_label("To", exact=True).fill("04:00")
    # The last one with the keyboard alone.
    write(page, "Days of each month without updates", "1-10, 25")
    look(page, "update-en")
    press(page, page.get_by_role("button", name="Save and go on"))
    at_step(page, "Try it")
    assert tomllib.loads(paths.SITE.read_text())["update"] == {
        "automatic": True,
        "hours": "23:00-04:00",
        "days_off": "1-10, 25",
    }


def at_step(page: Page, title: str) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(title)


def tab_to(page: Page, target: Locator) -> None:
    """From where the focus is, as often as it takes, once around at most."""
    expect(target).to_be_visible()
    for _ in range(80):
        if target.evaluate("it => it === document.activeElement"):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"{target} cannot be reached")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    tab_to(page, target)
    page.keyboard.press(key)


def write(page: Page, label: str, text: str, within: Locator | None = None) -> None:
    """Over what there was."""
    tab_to(page, (within or page).get_by_label(label, exact=True))
    page.keyboard.press("Control+A")
    page.keyboard.type(text)


def test_a_wrong_code_says_so_and_changes_nothing(page: Page, router: Router, directory: Path) -> None:
    router.refusing = SekishoError("account.wrong-code", "アクティベーションコードが違います。", "The code is wrong.")
    page.goto(f"{ROUTER}/setup/account")
    (directory / "file").write_bytes(b"sealed")
    page.get_by_label("接続アカウントのファイル").set_input_files(directory / "file")
    page.get_by_label("アクティベーションコード").fill("AAAAA")
    page.get_by_role("button", name="取り込む").click()
    expect(page.get_by_role("alert")).to_contain_text("アクティベーションコードが違います。")
    look(page, "wrong-code")
    assert router.account is None


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_step_fits_a_telephone(page: Page, language: str) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    for step in ("account", "wan", "lan", "terminals", "vendor", "update", "try", "report"):
        page.goto(f"{ROUTER}/setup/{step}?lang={language}")
        page.screenshot(path=SCREENSHOTS / f"setup-phone-{step}-{language}.png", full_page=True)
        assert nothing_is_cut_off(page)
        assert violations(page) == []
