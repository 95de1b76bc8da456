"""The page as a browser gets it: words, folding, languages, headers, and what it says without the daemon."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

import webui
from appliance.errors import SekishoError
from webui.app import create_app

NO_CABLE = ("wan.carrier wan0", "tunnel.path dc1", "tunnel.path dc2", "engine.proof receipt@203.0.113.17")


@pytest.fixture
def browser(daemon: Any) -> FlaskClient:
    return create_app(lambda: daemon).test_client()


class Outline(HTMLParser):
    """Where each element with an id stands: its enclosing ids, outermost first; and the visible text."""

    VOID = frozenset({"meta", "link", "br", "path", "circle", "rect", "input"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.path: list[str | None] = []
        self.inside: dict[str, list[str]] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.tags.append((tag, given))
        name = given.get("id")
        if name:
            assert name not in self.inside, f"{name} twice"
            self.inside[name] = [outer for outer in self.path if outer]
        if tag not in self.VOID:
            self.path.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            self.path.pop()

    def handle_data(self, data: str) -> None:
        self.text += data


def test_all_is_well(browser: FlaskClient) -> None:
    answer = browser.get("/")
    assert answer.status_code == 200
    page = Outline(answer.text)
    assert "レセコンにつながっています。すべて正常です。" in page.text
    assert "れんげ内科医院" in page.text
    assert [name for name in page.inside if name.startswith("light-")] == [
        "light-router", "light-line", "light-tunnel", "light-engine", "light-certificates",
    ]  # fmt: skip
    assert "していただくこと" not in page.text


def test_the_root_cause_comes_first_and_its_consequences_are_folded_into_it(
    browser: FlaskClient, daemon: Any, status: Callable[..., Any]
) -> None:
    daemon.now = status(*NO_CABLE)
    page = Outline(browser.get("/").text)
    assert [name for name in page.inside if name.startswith("light-")] == [
        "light-line", "light-tunnel", "light-engine", "light-router", "light-certificates",
    ]  # fmt: skip
    for consequence in ("light-tunnel", "light-engine"):
        assert page.inside[consequence] == ["board", "lights", "light-line", "echo-line"]
    assert page.inside["light-router"] == ["board", "lights"]
    assert "レセコンにつながりません。インターネット側のケーブルが抜けています。" in page.text
    assert "この影響を受けているもの：データセンターへの経路、レセコンのサーバー" in page.text
    assert "line.no-cable" in page.text
    assert ("a", {"href": "tel:0300000000"}) in page.tags
    assert page.text.count("差してください") == 1, "advice is said once, in the headline"


def test_every_state_has_a_word_and_a_shape_of_its_own(
    browser: FlaskClient, daemon: Any, status: Callable[..., Any]
) -> None:
    shapes = {}
    for state, word, broken in (
        ("ok", "正常", ()),
        ("warning", "注意", ("tunnel.path dc1",)),
        ("failed", "異常", NO_CABLE),
    ):
        daemon.now = status(*broken)
        html = browser.get("/").text
        headline = html[html.index('id="headline"') : html.index("</h1>")]
        assert f'<span class="word">{word}</span>' in headline
        shapes[state] = re.findall(r'class="(?:shape|sign)" ([^/]*)', headline)
    assert len({str(shape) for shape in shapes.values()}) == 3


def test_language_by_switch_cookie_and_settings(browser: FlaskClient, daemon: Any, status: Callable[..., Any]) -> None:
    first = browser.get("/")
    assert '<html lang="ja">' in first.text
    assert "lang=" not in str(first.headers.getlist("Set-Cookie"))
    switched = browser.get("/?lang=en")
    assert '<html lang="en">' in switched.text
    assert "The receipt computer is connected." in switched.text
    cookie = switched.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert '<html lang="en">' in browser.get("/").text
    assert "Set-Cookie" not in browser.get("/").headers
    assert "All is well." in browser.get("/lights").text
    assert "すべて正常です" in browser.get("/lights?lang=ja").text
    assert '<html lang="en">' in browser.get("/?lang=xx").text

    browser.delete_cookie("lang")
    daemon.now = status(language="en")
    assert '<html lang="en">' in browser.get("/").text


def test_without_the_daemon_the_page_says_so_and_still_knows_whom_to_call(
    browser: FlaskClient, daemon: Any, not_running: SekishoError, status: Callable[..., Any]
) -> None:
    daemon.now = not_running
    cold = browser.get("/")
    assert cold.status_code == 503
    assert "返事をしないため、様子が分かりません。" in cold.text
    assert 'class="unknown"' in cold.text
    assert "light-" not in cold.text

    daemon.now = status(language="en")
    assert browser.get("/").status_code == 200
    daemon.now = not_running
    for path in ("/", "/lights"):
        answer = browser.get(path)
        assert answer.status_code == 503
        assert "Renge Clinic" in answer.text
        assert "03 (0000) 0000" in answer.text
        assert "control.not-running" in answer.text


def test_names_are_shown_as_text_and_never_become_markup(
    browser: FlaskClient, daemon: Any, status: Callable[..., Any]
) -> None:
    daemon.now = status(clinic='<script>alert("1")</script>', vendor=('"><img src=x>', "03-0000-0000"))
    for path in ("/", "/lights"):
        page = Outline(browser.get(path).text)
        assert '<script>alert("1")</script>' in page.text
        assert "img" not in [tag for tag, _ in page.tags]


@pytest.mark.parametrize("path", ["/", "/lights", "/events"])
def test_a_question_that_cannot_be_read_is_refused(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path, environ_overrides={"QUERY_STRING": "lang=\xdc"})
    assert answer.status_code == 400


@pytest.mark.parametrize("path", ["/", "/lights", "/events", "/static/live.js", "/nothing-here", "/static/../app.py"])
def test_headers_that_protect(browser: FlaskClient, path: str) -> None:
    headers = browser.head(path).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_nothing_inline_nothing_foreign_and_small(
    browser: FlaskClient, daemon: Any, status: Callable[..., Any]
) -> None:
    daemon.now = status(*NO_CABLE)
    answer = browser.get("/")
    page = Outline(answer.text)
    weight = len(answer.data)
    for tag, attributes in page.tags:
        assert tag != "style"
        assert not [name for name in attributes if name == "style" or name.startswith("on")]
        for name in ("src", "href"):
            target = attributes.get(name)
            if target is None:
                assert not (tag == "script" and name == "src"), "an inline script"
                continue
            assert target.startswith(("/", "tel:")), target
            assert not target.startswith("//")
            if target.startswith("/static/"):
                asset = browser.get(target)
                assert asset.status_code == 200
                assert "immutable" in asset.headers["Cache-Control"]
                weight += len(asset.data)
    assert weight <= 60 * 1024
    for asset in (Path(webui.__file__).parent / "static").iterdir():
        assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org/2000/svg)", asset.read_text()), asset.name


def test_works_without_a_script(browser: FlaskClient) -> None:
    assert '<noscript><meta http-equiv="refresh" content="15; url=/"></noscript>' in browser.get("/").text


def test_only_reading_is_possible(browser: FlaskClient) -> None:
    assert browser.post("/").status_code == 403, "and with a token, see test_terminals"
    assert browser.get("/nothing-here").status_code == 404
    assert browser.get("/static/../app.py").status_code == 404
