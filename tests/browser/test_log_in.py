"""The vendor logs in: the first password, an application, a security key, with the keyboard alone; and sessions end."""

from __future__ import annotations

import base64
import itertools
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from playwright.sync_api import Browser, Page, Response, expect

from appliance.control import access_store
from tests.browser.access_parts import ROUTER, AccessDaemon, browser_at, page_behind_tls
from tests.browser.parts import Watched, nothing_is_cut_off
from tests.browser.test_accessibility import faults, violations
from tests.browser.test_keyboard import reach
from tests.unit.control.test_line_passwords import Reversed

pytestmark = pytest.mark.browser

_VISITORS = itertools.count(20)
GOOD = "kaminari-yane-tokei"


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="log") as directory:
        yield Path(directory)


@pytest.fixture(scope="module")
def port(directory: Path) -> Iterator[tuple[AccessDaemon, int]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(access_store, "_sealer", lambda name: Reversed(f"totp-{name}"))
        daemon = AccessDaemon(directory)
        with page_behind_tls(daemon, directory) as port:
            yield daemon, port
        daemon.close()


@pytest.fixture
def daemon(port: tuple[AccessDaemon, int]) -> AccessDaemon:
    return port[0]


@pytest.fixture(scope="module")
def chromium(port: tuple[AccessDaemon, int]) -> Iterator[Browser]:
    with browser_at(port[1]) as browser:
        yield browser


@pytest.fixture
def password(daemon: AccessDaemon) -> str:
    """Of the vendor, a first one. Each story has a visitor of its own: what one has sent does not slow another."""
    daemon.visitor = f"192.0.2.{next(_VISITORS)}"
    known = [one["name"] for one in daemon.root("access.accounts.list")["accounts"]]
    for name in known:
        daemon.root("access.accounts.remove", name=name)
    return str(daemon.root("access.first_password")["password"])


def log_in(page: Page, password: str) -> None:
    page.goto(f"{ROUTER}/login")
    page.get_by_label("ログイン名").fill("vendor")
    page.get_by_label("パスワード").fill(password)
    page.get_by_role("button", name="ログイン", exact=True).click()


def settled(page: Page, first: str) -> None:
    """Logged in, with a password of one's own."""
    log_in(page, first)
    expect(page.get_by_role("heading", level=1)).to_have_text("パスワードを決めてください")
    page.get_by_label("いまのパスワード").fill(first)
    page.get_by_label("新しいパスワード", exact=True).fill(GOOD)
    page.get_by_label("新しいパスワード（もう一度）").fill(GOOD)
    page.get_by_role("button", name="変更する").click()
    expect(page.locator("#said")).to_contain_text("パスワードを変えました")


def test_the_first_log_in(watched: Watched, password: str) -> None:
    page = watched.page
    page.goto(f"{ROUTER}/people")
    expect(page).to_have_url(f"{ROUTER}/login?next=/people")
    watched.keep("log-in")
    log_in(page, "not-the-password")
    expect(page.get_by_role("alert")).to_contain_text("ログイン名かパスワードが違う")
    assert page.title().startswith("エラー: ")
    watched.keep("log-in-wrong")
    settled(page, password)
    watched.keep("account")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies()}
    session = cookies["__Host-session"]
    assert (session["secure"], session["httpOnly"], session["sameSite"]) == (True, True, "Strict")
    assert page.evaluate("document.cookie") == ""
    page.goto(f"{ROUTER}/people")
    expect(page.get_by_role("heading", level=1)).to_have_text("管理者のログイン")
    page.get_by_label("ログイン名").fill("kato")
    page.get_by_role("button", name="管理者のログインを追加する").click()
    expect(page.locator("#made")).to_contain_text("kato")
    watched.keep("people")
    page.get_by_role("button", name="ログアウト").click()
    expect(page.locator("#said")).to_contain_text("ログアウトしました")
    page.goto(f"{ROUTER}/account")
    expect(page).to_have_url(f"{ROUTER}/login")
    # What the server refuses, the browser notes as well.
    assert [line for line in watched.complaints if "422" not in line] == []


def test_with_the_keyboard_alone(watched: Watched, password: str) -> None:
    page = watched.page
    page.goto(f"{ROUTER}/login")
    expect(page.locator("#name")).to_be_focused()
    page.keyboard.type("vendor")
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("パスワードを決めてください")
    expect(page.locator("#old")).to_be_focused()
    page.keyboard.type(password)
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.type(GOOD)
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert float(outline.removesuffix("px")) >= 2, "one sees where one is"
    page.keyboard.press("Enter")
    expect(page.locator("#said")).to_contain_text("パスワードを変えました")
    reach(page, "header .out button")
    page.keyboard.press("Space")
    expect(page.locator("#said")).to_contain_text("ログアウトしました")


def test_an_authenticator_application(watched: Watched, password: str) -> None:
    page = watched.page
    settled(page, password)
    form = page.locator("form[action='/account/totp']")
    form.get_by_label("いまのパスワード").fill(GOOD)
    form.get_by_role("button").click()
    expect(page.locator("svg.qr")).to_be_visible()
    watched.keep("totp")
    secret = page.locator("#secret").inner_text().replace(" ", "")

    def code() -> str:
        return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(int(time.time())).decode()

    page.get_by_label("確認コード").fill(code())
    page.get_by_role("button", name="登録する").click()
    expect(page.locator("#said")).to_contain_text("2 段階認証を登録しました")
    page.get_by_role("button", name="ログアウト").click()
    used = code()
    log_in(page, GOOD)
    expect(page.get_by_role("heading", level=1)).to_have_text("2 段階認証")
    watched.keep("second-factor")
    page.get_by_label("確認コード").fill("000000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("正しくない")
    # The one that registered it was used up; the next comes within half a minute.
    while code() == used:
        page.wait_for_timeout(500)
    page.get_by_label("確認コード").fill(code())
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("自分のログイン")


def test_a_security_key(watched: Watched, password: str) -> None:
    page = watched.page
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {"protocol": "ctap2", "transport": "usb", "automaticPresenceSimulation": True}
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    settled(page, password)
    form = page.locator("form[action='/account/key']")
    form.get_by_label("キーの呼び名").fill("青い鍵")
    form.get_by_label("いまのパスワード").fill(GOOD)
    form.get_by_role("button").click()
    watched.keep("security-key")
    page.get_by_role("button", name="セキュリティキーを使う").click()
    expect(page.locator("#said")).to_contain_text("2 段階認証を登録しました")
    expect(page.locator(".plain-list")).to_contain_text("青い鍵")
    page.get_by_role("button", name="ログアウト").click()
    log_in(page, GOOD)
    page.get_by_role("button", name="セキュリティキーを使う").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("自分のログイン")
    assert watched.complaints == []


def test_what_was_typed_survives_the_end_of_a_session(watched: Watched, daemon: AccessDaemon, password: str) -> None:
    page = watched.page
    settled(page, password)
    page.goto(f"{ROUTER}/people")
    page.get_by_label("ログイン名").fill("tanaka")
    daemon.restart()
    page.get_by_role("button", name="管理者のログインを追加する").click()
    expect(page.get_by_role("alert")).to_contain_text("有効期間が終わりました")
    watched.keep("session-ended")
    page.get_by_label("ログイン名").fill("vendor")
    page.get_by_label("パスワード").fill(GOOD)
    page.get_by_role("button", name="ログイン", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("入力した内容を送り直す")
    watched.keep("send-again")
    page.keyboard.press("Enter")
    expect(page.locator("#made")).to_contain_text("tanaka")


def test_a_session_elsewhere_is_ended(chromium: Browser, watched: Watched, password: str) -> None:
    page = watched.page
    settled(page, password)
    elsewhere = Watched(chromium)
    try:
        log_in(elsewhere.page, GOOD)
        expect(elsewhere.page.get_by_role("heading", level=1)).to_have_text("自分のログイン")
        page.goto(f"{ROUTER}/account")
        form = page.locator("form[action='/account/sessions']")
        assert form.get_by_role("radio").count() == 1
        form.scroll_into_view_if_needed()
        watched.keep("account-sessions")
        form.get_by_role("radio").first.check()
        form.get_by_label("いまのパスワード").fill(GOOD)
        form.get_by_role("button", name="ログインを終わらせる").click()
        expect(page.locator("#said")).to_contain_text("ログインを終わらせました")
        expect(page.locator("main")).to_contain_text("ほかの画面ではログインしていません")
        elsewhere.page.goto(f"{ROUTER}/people")
        expect(elsewhere.page.get_by_role("alert")).to_contain_text("ログインの有効期間が終わりました")
    finally:
        elsewhere.close()


def test_on_a_phone_and_in_english(chromium: Browser, password: str) -> None:
    watched = Watched(chromium, 360, 740)
    try:
        page = watched.page
        settled(page, password)
        for path in ("account", "people", "login"):
            page.goto(f"{ROUTER}/{path}?lang=en")
            assert page.evaluate("document.documentElement.lang") == "en"
            assert nothing_is_cut_off(page)
            watched.keep(f"phone-{path}")
    finally:
        watched.close()


def test_without_scripts(chromium: Browser, password: str) -> None:
    watched = Watched(chromium, java_script_enabled=False)
    try:
        settled(watched.page, password)
        form = watched.page.locator("form[action='/account/key']")
        form.get_by_label("キーの呼び名").fill("青い鍵")
        form.get_by_label("いまのパスワード").fill(GOOD)
        form.get_by_role("button").click()
        expect(watched.page.locator("main")).to_contain_text("スクリプト（JavaScript）を許した")
    finally:
        watched.close()


@pytest.mark.parametrize("language", ["ja", "en"])
def test_axe_core_and_the_validator_find_nothing(
    chromium: Browser, watched: Watched, password: str, tmp_path: Path, language: str
) -> None:
    page = watched.page
    found: list[str] = []

    def look(response: Response | None) -> None:
        html = response.text() if response else page.content()
        found.extend(f"{page.title()}: {one}" for one in (*faults(html, tmp_path), *violations(page)))

    look(page.goto(f"{ROUTER}/login?lang={language}"))
    for secret in ("not-the-password", password):
        with page.expect_navigation() as sent:
            page.locator("#name").fill("vendor")
            page.locator("#password").fill(secret)
            page.locator("main button.main").click()
        look(sent.value)
    with page.expect_navigation() as sent:
        for name, value in (("old", password), ("new", GOOD), ("again", GOOD)):
            page.locator(f"#{name}").fill(value)
        page.locator("main button.main").click()
    look(sent.value)
    elsewhere = Watched(chromium)
    log_in(elsewhere.page, GOOD)
    expect(elsewhere.page.get_by_role("heading", level=1)).to_have_text("自分のログイン")
    elsewhere.close()
    for action, field in (("/account/totp", "#totp-password"), ("/account/key", "#key-password")):
        look(page.goto(f"{ROUTER}/account"))
        page.locator("#label").fill("blue")
        page.locator(field).fill(GOOD)
        with page.expect_navigation() as sent:
            page.locator(f"form[action='{action}'] button").click()
        look(sent.value)
    look(page.goto(f"{ROUTER}/people"))
    page.locator("#person").fill(f"kato-{language}")
    with page.expect_navigation() as sent:
        page.locator("form[action='/people'] button").click()
    look(sent.value)
    assert not found, "\n".join(found)
