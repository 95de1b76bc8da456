"""The buttons that let the support company in: shown where something can be opened, and pressed by visitors alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from appliance.errors import SekishoError
from webui.app import create_app

HOST = "192.0.2.1"
OWN = {"Origin": f"https://{HOST}", "Sec-Fetch-Site": "same-origin"}
VENDOR = {"name": "vendor", "title": {"ja": "サンプル商会", "en": "Sample Systems"}}
OTHER = {"name": "other", "title": {"ja": "画像の会社", "en": "Imaging Inc."}}


def told(*opened: dict[str, Any], maintainers: tuple[dict[str, Any], ...] = (VENDOR,)) -> dict[str, Any]:
    """The status is as of 103.0 by the boot clock."""
    terminal = {
        "name": "reception-1",
        "label": "受付1",
        "minutes": 60,
        "services": [{"port": 3389, "reached_at": "203.0.113.129:28349"}],
        "open": list(opened),
    }
    return {"maintainers": list(maintainers), "terminals": [terminal]}


@pytest.fixture
def page(daemon: Any, status: Callable[..., Any]) -> Callable[..., FlaskClient]:
    def page(maintenance: dict[str, Any] | None) -> FlaskClient:
        daemon.now = status(maintenance=maintenance)
        return create_app(lambda: daemon).test_client()

    return page


def press(browser: FlaskClient, to: str, **fields: str) -> Any:
    html = browser.get("/", base_url=f"https://{HOST}").text
    token = re.findall(r'name="token" value="([0-9a-f]{64})"', html)[0]
    form = {"to": to, "token": token, **fields}
    return browser.post("/maintenance/reception-1", data=form, headers=OWN, base_url=f"https://{HOST}")


def test_where_nothing_can_be_opened_there_is_nothing_to_press(page: Callable[..., FlaskClient]) -> None:
    assert "遠隔保守" not in page(None).get("/").text


def test_a_closed_door_says_so_and_offers_to_open_it(page: Callable[..., FlaskClient]) -> None:
    html = page(told()).get("/").text
    for words in ("閉じています", "遠隔保守を許可する<span", "60分", "203.0.113.129:28349"):
        assert words in html
    assert "<select" not in html
    assert 'value="end"' not in html


def test_an_open_door_says_to_whom_and_until_when(page: Callable[..., FlaskClient]) -> None:
    browser = page(told({"maintainer": "vendor", "until": 103.0 + 750.0, "connections": 0}))
    html = browser.get("/").text
    for words in (
        "開いています",
        "サンプル商会が入れます。10:17 に自動で閉じます。",
        'data-left="750"',
        "あと 12:30",
        "いますぐ閉じる",
    ):
        assert words in html
    assert "Sample Systems can get in. Closes by itself at 10:17." in browser.get("/?lang=en").text


def test_who_is_in_is_told(page: Callable[..., FlaskClient]) -> None:
    browser = page(told({"maintainer": "vendor", "until": 103.0 + 750.0, "connections": 2}))
    assert "サンプル商会が入っています（2件）。" in browser.get("/").text


def test_of_several_the_staff_choose_one(page: Callable[..., FlaskClient]) -> None:
    html = page(told(maintainers=(VENDOR, OTHER))).get("/").text
    assert '<option value="vendor" selected>サンプル商会</option>' in html
    assert '<option value="other">画像の会社</option>' in html


def test_more_time_is_offered_to_him_who_has_it(page: Callable[..., FlaskClient]) -> None:
    opened = {"maintainer": "other", "until": 103.0 + 750.0, "connections": 0}
    html = page(told(opened, maintainers=(VENDOR, OTHER))).get("/").text
    assert '<option value="other" selected>画像の会社</option>' in html


def test_a_press_is_asked_of_the_daemon_and_leads_back(page: Callable[..., FlaskClient], daemon: Any) -> None:
    browser = page(told())
    answer = press(browser, "allow", maintainer="vendor")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/#maintenance")
    press(browser, "end")
    calls = [call for call in daemon.called if call[0].startswith("maintenance.")]
    assert calls == [
        ("maintenance.allow", {"terminal": "reception-1", "maintainer": "vendor", "client": ""}),
        ("maintenance.end", {"terminal": "reception-1", "client": ""}),
    ]


def test_another_word_and_another_site_do_nothing(page: Callable[..., FlaskClient], daemon: Any) -> None:
    browser = page(told())
    assert press(browser, "burn").status_code == 400
    assert press(browser, "allow", token="0" * 64).status_code == 403
    assert not [call for call in daemon.called if call[0].startswith("maintenance.")]


def test_who_guesses_passwords_locks_nobody_out_of_these_buttons(page: Callable[..., FlaskClient], daemon: Any) -> None:
    browser = page(told())
    daemon.refuses["access.log_in"] = SekishoError("access.wait", "待ってください。", "Wait.")
    html = browser.get("/login", base_url=f"https://{HOST}").text
    form = {
        "token": re.findall(r'name="token" value="([0-9a-f]{64})"', html)[0],
        "name": "vendor",
        "password": "x" * 13,
    }
    answers = {
        browser.post("/login", data=form, headers=OWN, base_url=f"https://{HOST}").status_code for _ in range(200)
    }
    assert 429 in answers
    assert press(browser, "allow", maintainer="vendor").status_code == 303
