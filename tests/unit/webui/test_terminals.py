"""The switch "receipt / internet": shown where the settings allow it, and pressed by nobody but the page's visitors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from appliance.errors import SekishoError
from webui.app import create_app

HOST = "192.0.2.1"
OWN = {"Origin": f"https://{HOST}", "Sec-Fetch-Site": "same-origin"}


@dataclass(frozen=True)
class Terminal:
    name: str
    label: str
    minutes: int
    until: float | None


@pytest.fixture
def browser(daemon: Any, status: Callable[..., Any]) -> FlaskClient:
    """The status is as of 103.0 by the boot clock."""
    daemon.now = status(
        terminals=(Terminal("reception-1", "受付1", 30, None), Terminal("office", "事務室", 90, 103.0 + 750.0)),
        switch_by_page=True,
    )
    return create_app(lambda: daemon).test_client()


def token_in(html: str) -> str:
    return re.findall(r'name="token" value="([0-9a-f]{64})"', html)[0]


def press(browser: FlaskClient, to: str = "internet", headers: dict[str, str] = OWN, **fields: str) -> Any:
    token = token_in(browser.get("/", base_url=f"https://{HOST}").text)
    form = {"to": to, "token": token, **fields}
    return browser.post("/terminals/reception-1", data=form, headers=headers, base_url=f"https://{HOST}")


def switched(daemon: Any) -> list[tuple[str, dict[str, Any]]]:
    return [call for call in daemon.called if call[0].startswith("terminal.")]


def test_each_terminal_says_where_it_is_and_when_it_goes_back(browser: FlaskClient) -> None:
    html = browser.get("/").text
    assert "インターネットに切り替える<span" in html
    assert "30分" in html
    assert 'data-left="750"' in html
    assert "あと 12:30" in html
    assert "10:17 に自動でレセコンに戻ります。" in html
    english = browser.get("/?lang=en").text
    assert "12:30 left" in english
    assert "Goes back by itself at 10:17." in english


def test_where_the_settings_do_not_allow_it_there_is_no_switch(daemon: Any, status: Callable[..., Any]) -> None:
    daemon.now = status(terminals=(Terminal("reception-1", "受付1", 30, None),))
    browser = create_app(lambda: daemon).test_client()
    assert "<form" not in browser.get("/").text
    assert browser.get("/terminals.json").json == {"at": "2026-11-23T01:05:03Z", "terminals": []}


@pytest.mark.parametrize("to", ["internet", "receipt"])
def test_a_press_is_asked_of_the_daemon_and_leads_back(browser: FlaskClient, daemon: Any, to: str) -> None:
    answer = press(browser, to)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/#terminals")
    assert switched(daemon) == [(f"terminal.{to}", {"terminal": "reception-1", "client": ""})]


def test_an_old_browser_that_says_nothing_of_itself_may_press_too(browser: FlaskClient, daemon: Any) -> None:
    assert press(browser, headers={}).status_code == 303
    assert switched(daemon)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://{HOST}"},
        {"Origin": f"https://{HOST}:8081"},
        {"Origin": f"https://{HOST}", "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "rebound.example", "Origin": "https://rebound.example"},
    ],
    ids=str,
)
def test_another_site_cannot_press(browser: FlaskClient, daemon: Any, headers: dict[str, str]) -> None:
    answer = press(browser, headers=headers)
    assert answer.status_code == 403
    assert "操作を受け付けませんでした。" in answer.text
    assert switched(daemon) == []


@pytest.mark.parametrize("token", ["", "0" * 64, "あ"])
def test_without_the_right_token_nothing_happens(browser: FlaskClient, daemon: Any, token: str) -> None:
    assert press(browser, token=token).status_code == 403
    assert switched(daemon) == []


def test_a_token_belongs_to_one_browser_and_one_process(browser: FlaskClient, daemon: Any) -> None:
    other = browser.application.test_client()
    theirs = token_in(other.get("/", base_url=f"https://{HOST}").text)
    assert press(browser, token=theirs).status_code == 403
    restarted = create_app(lambda: daemon).test_client()
    before = token_in(browser.get("/", base_url=f"https://{HOST}").text)
    assert press(restarted, token=before).status_code == 403
    assert switched(daemon) == []


def test_the_cookie_is_for_this_site_only(browser: FlaskClient) -> None:
    (cookie,) = browser.get("/").headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-visitor=")
    for word in ("Secure", "HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    assert browser.get("/").headers.getlist("Set-Cookie") == []


def test_a_refusal_of_the_daemon_is_told_on_the_page(browser: FlaskClient, daemon: Any) -> None:
    daemon.refuses["terminal.internet"] = SekishoError("terminal.unknown", "その端末はありません。", "There is none.")
    answer = press(browser)
    assert answer.status_code == 409
    assert '<div id="notice" role="alert"><p>その端末はありません。</p></div>' in answer.text
    assert 'id="headline"' in answer.text


@pytest.mark.parametrize("to", ["", "moon"])
def test_a_wish_that_is_none_is_refused(browser: FlaskClient, daemon: Any, to: str) -> None:
    assert press(browser, to).status_code == 400
    assert switched(daemon) == []


def test_with_a_token_only_forms_can_be_sent(browser: FlaskClient) -> None:
    token = token_in(browser.get("/", base_url=f"https://{HOST}").text)
    for path in ("/", "/lights", "/past", "/terminals.json"):
        answer = browser.post(path, data={"token": token}, headers=OWN, base_url=f"https://{HOST}")
        assert answer.status_code == 405


def test_the_document_for_shortcuts(browser: FlaskClient, daemon: Any, not_running: SekishoError) -> None:
    answer = browser.get("/terminals.json")
    assert answer.json == {
        "at": "2026-11-23T01:05:03Z",
        "terminals": [
            {"name": "reception-1", "label": "受付1", "state": "receipt", "until": None, "seconds_left": None},
            {
                "name": "office",
                "label": "事務室",
                "state": "internet",
                "until": "2026-11-23T01:17:33Z",
                "seconds_left": 750,
            },
        ],
    }
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    daemon.now = not_running
    silent = browser.get("/terminals.json")
    assert silent.status_code == 503
    assert silent.json["error"]["code"] == "control.not-running"
