"""Logging in and out as a browser without scripts does it, before the real access room; whose forms are taken."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from flask import Flask

from appliance.access.sessions import IDLE
from appliance.errors import SekishoError
from tests.unit.control.access_desk import GOOD, HERE, OTHER, Clock, Desk
from tests.unit.webui.browsing import Browser
from webui.rate import AT_ONCE, EVERY
from webui.visit import BROWSER, SESSION


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app)


# ---- in and out ------------------------------------------------------------------------------------------


def test_the_first_password_has_to_be_changed_before_anything_else(browser: Browser, desk: Desk) -> None:
    first = desk.root("access.first_password")["password"]
    assert browser.log_in(first).location == "/account"
    assert browser.get("/people").location == "/account?next=/people"
    page = browser.get("/account")
    assert "パスワードを決めてください" in browser.text
    assert "/account/totp" not in page.text
    browser.send("/account/password", old=first, new="short", again="short")
    assert browser.page.status_code == 422  # type: ignore[union-attr]
    assert "あと 8 文字" in browser.text
    browser.send("/account/password", old=first, new=GOOD, again=OTHER)
    assert "2 つの欄が違います" in browser.text
    done = browser.send("/account/password", old=first, new=GOOD, again=GOOD)
    assert done.status_code == 200
    assert "パスワードを変えました" in browser.text
    assert browser.get("/people").status_code == 200


def test_whoever_had_to_choose_a_password_goes_on_where_he_was_going(browser: Browser, desk: Desk) -> None:
    first = desk.root("access.first_password")["password"]
    browser.get("/login?next=/setup/")
    assert browser.send("/login", name="vendor", password=first).location == "/account?next=/setup/"
    browser.get("/account?next=/setup/")
    assert browser.send("/account/password", old=first, new=GOOD, again=GOOD).location == "/setup/"


def test_cookies_are_of_this_host_over_tls_and_no_script_s(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    answer = browser.log_in()
    assert answer.status_code == 303
    for name in (SESSION, BROWSER):
        assert name.startswith("__Host-")
        (cookie,) = [one for one in answer.headers.getlist("Set-Cookie") if one.startswith(f"{name}=")]
        parts = {part.strip() for part in cookie.split(";")}
        assert {"Secure", "HttpOnly", "SameSite=Strict", "Path=/"} <= parts
        assert not [part for part in parts if part.startswith("Domain")]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_wrong_password_says_neither_which_was_wrong_nor_keeps_it(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    one = browser.log_in("not-the-password")
    two = browser.log_in("not-the-password", name="nobody")
    assert one.status_code == two.status_code == 422
    say = [re.search(r'id="notice".*?</div>', page.text, re.DOTALL) for page in (one, two)]
    assert say[0] and say[1] and say[0][0] == say[1][0]
    assert "not-the-password" not in one.text + two.text
    assert 'value="vendor"' in one.text
    assert "<title>エラー: " in one.text
    assert browser.cookie(SESSION) is None


def test_a_name_becomes_no_markup(browser: Browser, desk: Desk) -> None:
    page = browser.log_in("x", name='"><script>alert(1)</script>')
    assert "<script>alert" not in page.text
    assert 'value="&#34;&gt;&lt;script&gt;' in page.text


def test_whoever_must_wait_is_told_how_long(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    for _ in range(5):
        browser.log_in("not-the-password")
    assert browser.log_in().status_code == 429
    assert "秒待ってから" in browser.text


def test_logging_out_ends_the_session_and_not_only_the_cookie(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    token = browser.cookie(SESSION).value
    browser.get("/account")
    assert browser.send("/logout").location == "/login?out"
    assert browser.cookie(SESSION) is None
    browser.get("/login?out")
    assert "ログアウトしました" in browser.text
    with pytest.raises(SekishoError, match=r"^access\.session-ended: "):
        desk.page("access.who", token)


def test_a_second_log_in_ends_the_first_session(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    first = browser.cookie(SESSION).value
    browser.log_in()
    assert browser.cookie(SESSION).value != first
    with pytest.raises(SekishoError, match=r"^access\.session-ended: "):
        desk.page("access.who", first)


def test_nothing_is_changed_by_asking(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    before = desk.path.read_bytes()
    for path in ("/logout", "/account/password", "/account/second/remove", "/people/vendor", "/login/second"):
        assert browser.get(path).status_code == 405
    assert desk.path.read_bytes() == before
    assert browser.get("/account").status_code == 200


def test_whoever_may_have_been_warned_is_told_what_to_compare(browser: Browser) -> None:
    browser.get("/login")
    assert "sekisho status に出るものと同じか" in browser.text
    browser.get("/login", headers={"Sekisho-Certificate": "account"})
    assert "sekisho status" not in browser.text


@pytest.mark.parametrize(
    ("wanted", "place"),
    [
        ("/people", "/people"),
        ("//attacker.example", "/"),
        ("https://attacker.example/", "/"),
        ("/\\attacker.example", "/"),
        ("/login", "/"),
        ("/a?b", "/"),
        ("", "/"),
    ],
)
def test_the_way_after_the_log_in_leads_nowhere_else(browser: Browser, desk: Desk, wanted: str, place: str) -> None:
    desk.vendor()
    browser.get(f"/login?next={wanted}")
    assert browser.send("/login", name="vendor", password=GOOD).location == place


# ---- who may what ----------------------------------------------------------------------------------------


def test_pages_of_roles(browser: Browser, app: Flask, desk: Desk) -> None:
    desk.vendor()
    added = desk.root("access.accounts.add", name="kato", role="manager")
    assert browser.get("/people").location == "/login?next=/people"
    manager = Browser(app)
    manager.log_in(added["password"], name="kato")
    manager.get("/account")
    manager.send("/account/password", old=added["password"], new=OTHER, again=OTHER)
    page = manager.get("/people")
    assert page.status_code == 403
    assert "許されていない" in manager.text
    assert 'href="/people"' not in manager.get("/account").text


def test_a_session_that_has_ended_loses_nothing_that_was_typed(browser: Browser, desk: Desk, clock: Clock) -> None:
    desk.vendor()
    browser.log_in()
    browser.get("/people")
    clock.now += IDLE
    asked = browser.send("/people", name="kato", password_="a secret")
    assert asked.status_code == 401
    assert "入力した内容は残っています" in browser.text
    assert "a secret" not in asked.text
    assert browser.cookie(SESSION) is None
    wrong = browser.send("/login", name="vendor", password="wrong")
    assert wrong.status_code == 422
    again = browser.send("/login", name="vendor", password=GOOD)
    assert "まだ何も送っていません" in browser.text
    assert again.status_code == 200
    done = browser.send("/people")
    assert done.status_code == 200
    assert "kato" in browser.text
    assert [one["name"] for one in desk.root("access.accounts.list")["accounts"]] == ["vendor", "kato"]


def test_a_page_that_is_asked_for_with_an_ended_session(browser: Browser, desk: Desk, clock: Clock) -> None:
    desk.vendor()
    browser.log_in()
    clock.now += IDLE
    assert browser.get("/people").status_code == 401
    assert "有効期間が終わりました" in browser.text
    assert browser.send("/login", name="vendor", password=GOOD).location == "/people"


# ---- forms of others --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://["},
        {"Origin": "http://sekisho.lan"},
        {"Origin": "http://sekisho.lan:8080"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_forms_from_elsewhere_are_refused(browser: Browser, desk: Desk, headers: dict[str, str]) -> None:
    desk.vendor()
    browser.log_in()
    browser.get("/people")
    assert browser.send("/people", headers=headers, name="kato").status_code == 403
    assert len(desk.root("access.accounts.list")["accounts"]) == 1


def test_a_form_needs_the_token_of_its_own_session(browser: Browser, app: Flask, desk: Desk) -> None:
    desk.vendor()
    browser.log_in()
    browser.get("/people")
    own = browser.hidden("/people")
    other = Browser(app)
    other.log_in()
    other.get("/people")
    foreign = other.hidden("/people")
    browser.get("/login")
    before = browser.hidden("/login")
    assert own["token"] != foreign["token"]
    for hidden in ({}, {"token": ""}, {"token": "x"}, {"token": "é"}, foreign):
        assert browser.send("/people", hidden=hidden, name="kato").status_code == 403
    assert len(desk.root("access.accounts.list")["accounts"]) == 1
    assert browser.send("/people", hidden=own, name="kato").status_code == 200
    # A token from before the log-in is not the session's.
    anonymous = Browser(app)
    anonymous.get("/login")
    early = anonymous.hidden("/login")
    anonymous.send("/login", name="vendor", password=GOOD)
    assert anonymous.send("/people", hidden=early, name="abe").status_code == 403
    assert before["token"] == own["token"]


def test_a_log_in_cannot_be_forced_upon_a_browser(browser: Browser, desk: Desk) -> None:
    desk.vendor()
    browser.get("/login")
    assert browser.send("/login", hidden={}, name="vendor", password=GOOD).status_code == 403
    assert browser.cookie(SESSION) is None


def test_a_name_that_points_here_from_outside_is_refused(app: Flask) -> None:
    client = app.test_client()
    by_gate = {"HTTP_SEKISHO_CLIENT": HERE}
    page = client.get("/login", base_url="https://rebound.example", environ_base=by_gate)
    token = re.search(r'name="token" value="([^"]+)"', page.text)
    assert token
    answer = client.post("/login", base_url="https://rebound.example", data={"token": token[1]}, environ_base=by_gate)
    assert answer.status_code == 403


def test_an_address_is_slowed_and_others_are_not(app: Flask, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("webui.app.time", SimpleNamespace(monotonic=lambda: now[0]))
    attacker, other = Browser(app, "192.0.2.66"), Browser(app)
    attacker.get("/login")
    answers = [attacker.send("/login", hidden={}, name="x", password="x").status_code for _ in range(AT_ONCE + 5)]
    assert answers == [403] * AT_ONCE + [429] * 5
    page = attacker.send("/login", hidden={}, name="x", password="x")
    assert int(page.headers["Retry-After"]) >= 1
    other.get("/login")
    assert other.send("/login", name="x", password="x").status_code == 422
    assert attacker.get("/login").status_code == 200, "looking is not limited"
    now[0] += 2 * EVERY
    answers = [attacker.send("/login", hidden={}, name="x", password="x").status_code for _ in range(3)]
    assert answers == [403, 403, 429]
