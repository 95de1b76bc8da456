"""What somebody does with his own log-in and the vendor with the managers', in a browser without scripts."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.unit.control.access_desk import GOOD, Desk, code_of
from tests.unit.webui.browsing import Browser
from tests.unit.webui.conftest import Api
from tests.unit.webui.test_page import Outline
from webui.visit import SESSION


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


# ---- second factors -----------------------------------------------------------------------------------------


def with_application(browser: Browser) -> str:
    browser.get("/account")
    page = browser.send("/account/totp", password=GOOD)
    secret = re.search(r'<code id="secret">([A-Z2-7 ]+)</code>', page.text)
    assert secret
    assert '<svg class="qr"' in page.text
    assert browser.send("/account/totp/confirm", code="000000").status_code == 422
    assert "確認コードが違う" in browser.text
    browser.send("/account/totp/confirm", code=code_of(secret[1].replace(" ", ""), -1))
    assert "2 段階認証を登録しました" in browser.text
    return secret[1].replace(" ", "")


def test_an_application_is_added_asked_for_and_removed(browser: Browser, app: Flask, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    secret = with_application(browser)
    other = Browser(app)
    asked = other.log_in()
    assert asked.status_code == 200
    assert other.cookie(SESSION) is None
    assert "認証アプリの確認コード" in other.text
    assert other.send("/login/second", code="123456").status_code == 422
    assert other.send("/login/second", code=code_of(secret)).status_code == 303
    assert other.get("/account").status_code == 200
    other.send("/account/second/remove", password="wrong")
    assert "パスワードが違う" in other.text
    other.send("/account/second/remove", password=GOOD)
    assert "2 段階認証を外しました" in other.text


def test_a_session_elsewhere_is_seen_and_ended(browser: Browser, app: Flask, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    browser.get("/account")
    assert "この画面: " in browser.text
    ended = browser.send("/account/sessions", which="others", password=GOOD)
    assert ended.status_code == 200, "the one with which the vendor's password was chosen"
    assert "ほかの画面ではログインしていません" in browser.text
    others = [Browser(app, f"192.0.2.{number}") for number in (98, 99)]
    for other in others:
        other.log_in()
    page = browser.get("/account").text
    chosen = re.search(r'value="([0-9a-f]{64})" required> 192\.0\.2\.99（', page)
    assert chosen
    assert browser.send("/account/sessions", which=chosen[1], password="wrong").status_code == 422
    assert others[1].get("/account").status_code == 200
    assert browser.send("/account/sessions", which=chosen[1], password=GOOD).status_code == 200
    assert "ログインを終わらせました" in browser.text
    assert "192.0.2.99（" not in browser.text
    assert others[1].get("/account").status_code == 401
    assert browser.send("/account/sessions", which=chosen[1], password=GOOD).status_code == 422
    assert "一覧を見直してください" in browser.text
    assert others[0].get("/account").status_code == 200


def test_a_code_that_was_tried_too_often_starts_again(browser: Browser, app: Flask, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    with_application(browser)
    other = Browser(app, "192.0.2.99")
    other.log_in()
    for _ in range(5):
        assert other.send("/login/second", code="000000").status_code == 422
    other.send("/login/second", code="000000")
    assert "はじめから" in other.text
    assert 'action="/login"' in other.page.text  # type: ignore[union-attr]


def test_a_security_key_needs_a_script_and_says_so(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    browser.get("/account")
    page = browser.send("/account/key", label="青い鍵", password=GOOD)
    assert 'data-key="create"' in page.text
    assert "keys.js" in page.text
    assert "スクリプト（JavaScript）を許した" in page.text
    for answer in ("", "{", "[]", '{"id": "x"}', "[" * 9000):
        hidden = browser.hidden("/account/key/confirm") | {"key": answer}
        refused = browser.send("/account/key/confirm", hidden=hidden)
        assert refused.status_code == 422
        browser.get("/account")
        browser.send("/account/key", label="青い鍵", password=GOOD)


# ---- people ---------------------------------------------------------------------------------------------------


def test_the_vendor_makes_a_manager(browser: Browser, app: Flask, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    browser.get("/people")
    page = browser.send("/people", name="kato")
    first = re.search(r'<code class="large">([a-z0-9-]+)</code>', page.text)
    assert first
    assert Browser(app).log_in(first[1], name="kato").location == "/account"
    assert first[1] not in browser.get("/people").text
    assert browser.send("/people", name="KATO!").status_code == 422
    again = browser.send("/people/kato", do="reset")
    assert first[1] not in again.text
    assert browser.send("/people/kato", do="unlock").status_code == 200
    assert browser.send("/people/kato", do="fly").status_code == 400
    browser.get("/people")
    browser.send("/people/kato", do="remove")
    assert "ログインを消しました" in browser.text
    browser.get("/people")
    assert browser.send("/people/vendor", hidden=browser.hidden("/people"), do="remove").status_code == 422


# ---- the pages themselves ------------------------------------------------------------------------------------


def test_without_the_daemon_the_pages_say_so(browser: Browser, api: Api, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    api.down = True
    for path in ("/account", "/people"):
        assert browser.get(path).status_code == 503
        assert "関所が動いていません" in browser.text
    browser.get("/login")
    assert browser.send("/login", name="vendor", password=GOOD).status_code == 503


def test_in_english(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    page = browser.get("/login?lang=en")
    assert '<html lang="en">' in page.text
    browser.send("/login", name="vendor", password="wrong")
    assert "The log-in name or the password is wrong" in browser.text


@pytest.fixture
def pages(browser: Browser, desk: Desk) -> Callable[[], list[TestResponse]]:
    def visit() -> list[TestResponse]:
        first = desk.root("access.first_password")["password"]
        seen = [browser.get("/login"), browser.log_in("wrong")]
        browser.log_in(first)
        seen.append(browser.get("/account"))
        seen.append(browser.send("/account/password", old=first, new=GOOD, again=GOOD))
        seen.append(browser.send("/account/key", label="x", password=GOOD))
        browser.get("/account")
        seen.append(browser.send("/account/totp", password=GOOD))
        seen.append(browser.get("/people"))
        seen.append(browser.send("/people", name="kato"))
        return seen

    return visit


def test_every_field_has_a_label_and_nothing_is_inline(
    pages: Callable[[], list[TestResponse]], browser: Browser
) -> None:
    for page in pages():
        outline = Outline(page.text)
        labels = {attributes.get("for") for tag, attributes in outline.tags if tag == "label"}
        for tag, attributes in outline.tags:
            assert tag != "style"
            assert not [name for name in attributes if name == "style" or name.startswith("on")]
            assert tag != "script" or attributes.get("src")
            if tag == "input" and attributes.get("type") != "hidden" and "hidden" not in attributes:
                assert attributes.get("id") in labels
                assert attributes.get("autocomplete")
            if tag == "form":
                assert attributes["method"] == "post"
            for name in ("src", "href", "action"):
                assert (attributes.get(name) or "/").startswith(("/", "https://sekisho.lan/"))
        assert outline.text.count("\n") and sum(tag == "h1" for tag, _ in outline.tags) == 1
        assert page.headers["Cache-Control"] == "no-store"
        assert "form-action 'self'" in page.headers["Content-Security-Policy"]
        weight = len(page.data) + sum(
            len(browser.get(target).data) for target in re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text)
        )
        assert weight <= 60 * 1024
