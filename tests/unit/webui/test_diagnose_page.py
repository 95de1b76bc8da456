"""The vendor's page for finding faults, as a browser without scripts gets it."""

from __future__ import annotations

import base64
import html
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from appliance.errors import SekishoError
from tests.unit.webui.test_page import Outline
from webui.app import create_app
from webui.visit import SESSION

ROUTER = "https://sekisho.lan"
OVER_TLS = {"HTTP_SEKISHO_CLIENT": "192.0.2.20"}
"""As the gate writes it (`webui.secure`)."""


def both(ja: str, en: str) -> dict[str, str]:
    return {"ja": ja, "en": en}


def check(name: str, phase: str = "idle", state: str | None = "failed") -> dict[str, Any]:
    verdict = {
        "code": "path.dead", "subject": "dc1", "state": state, "says": both("返事がありません。", "Nothing comes."),
        "advice": both("回線を見てください。", "Look at the line."),
    }  # fmt: skip
    outcome = {"state": state, "verdicts": [verdict], "raw": ["tunnel dc1: <b>0</b>"]} if state else None
    return {
        "name": name, "title": both(f"経路 {name}", name),
        "seconds": 20, "phase": phase, "began": None, "at": 1795856400.0,
        "outcome": outcome,
    }  # fmt: skip


EXPLAINED = {
    "terminal": {"name": "reception", "address": "192.0.2.10", "mac": "02:00:00:00:02:10"},
    "address": "203.0.113.17",
    "end": "refused",
    "rule": {"chain": "lan_forward", "why": "Refuse at once: never silence"},
    "says": both("断ります。", "Refused."),
    "missing": [both("足りないもの:", "Missing:"), both("端末ではありません。", "no terminal")],
    "path": ["lan_forward: Refuse at once"],
    "kernel": {"agrees": False, "end": "passes", "path": ["inet foreign f"], "says": both("違います。", "Differs.")},
}
CAPTURES: dict[str, Any] = {
    "running": None,
    "captures": [{"name": "20261128-120000-lan.pcap", "bytes": 240, "packets": 3, "payload": False, "full": False}],
}


class Api:
    """The local API, of which a role is the vendor's unless told otherwise."""

    def __init__(self) -> None:
        self.role = "vendor"
        self.answers: dict[str, Any] = {
            "diagnose.show": {"checks": [check("paths"), check("time", state=None)]},
            "capture.list": CAPTURES,
            "diagnose.begin": {"checks": ["paths"]},
            "explain": EXPLAINED,
            "capture.start": {"name": "n.pcap", "interface": "lan0"},
            "capture.stop": {"stopped": True},
            "capture.read": {"name": "n.pcap", "data": base64.b64encode(b"pcap").decode()},
            "support.bundle": {"name": "s.tar.gz", "data": base64.b64encode(b"tar").decode()},
        }
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, method: str, params: dict[str, Any] | None = None, *, timeout: float) -> Any:
        params = dict(params or {})
        if "session" not in params:
            # What the status page asks, for nobody in particular.
            raise SekishoError("control.not-running", "関所が動いていません。", "Sekisho is not running.")
        assert params.pop("session") == "t"
        params.pop("client")
        if method == "access.who":
            return {"name": "sato", "role": self.role, "first": False, "second": {}}
        self.calls.append((method, params))
        answer = self.answers[method]
        if isinstance(answer, SekishoError):
            raise answer
        return answer


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def client(api: Api) -> FlaskClient:
    client = create_app(lambda: api).test_client()  # type: ignore[arg-type,return-value]
    client.set_cookie(SESSION, "t", domain="sekisho.lan", secure=True)
    return client


def get(client: FlaskClient, path: str = "/diagnose") -> TestResponse:
    return client.get(path, base_url=ROUTER, environ_base=OVER_TLS)


def send(client: FlaskClient, action: str, **typed: str) -> TestResponse:
    """Into the form of that action on the page."""
    found = re.findall(r"<form.*?</form>", get(client).text, re.DOTALL)
    form = next(one for one in found if f'action="{action}' in one)
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form))
    headers = {"Origin": ROUTER, "Sec-Fetch-Site": "same-origin"}
    return client.post(
        action.partition("#")[0], data={**hidden, **typed}, base_url=ROUTER, headers=headers, environ_base=OVER_TLS
    )


def test_checks_with_verdicts_and_what_was_seen(client: FlaskClient) -> None:
    page = get(client)
    assert page.status_code == 200
    text = Outline(page.text).text
    for words in ("返事がありません。", "していただくこと: 回線を見てください。", "まだ調べていません", "診断"):
        assert words in text
    assert "tunnel dc1: &lt;b&gt;0&lt;/b&gt;" in page.text
    assert 'http-equiv="refresh"' not in page.text
    english = Outline(get(client, "/diagnose?lang=en").text).text
    assert "Nothing comes." in english
    assert "headers only" in english


def test_while_checks_run_the_page_is_read_anew(client: FlaskClient, api: Api) -> None:
    api.answers["diagnose.show"] = {"checks": [check("paths", "running"), check("time", "waiting")]}
    page = get(client)
    assert 'content="3;url=/diagnose"' in page.text
    assert "調べています…" in page.text
    assert re.search(r'<button type="submit" class="main" disabled>', page.text)


def test_checks_are_begun(client: FlaskClient, api: Api) -> None:
    done = send(client, "/diagnose/begin", **{"check[]": "paths"})
    assert (done.status_code, done.headers["Location"]) == (303, "/diagnose#checks")
    assert ("diagnose.begin", {"checks": ["paths"]}) in api.calls
    api.answers["diagnose.begin"] = SekishoError("diagnose.busy", "動いています。", "Busy.")
    refused = send(client, "/diagnose/begin")
    assert refused.status_code == 409
    assert "動いています。" in refused.text


def test_an_explanation_that_the_kernel_contradicts(client: FlaskClient, api: Api) -> None:
    page = send(
        client, "/diagnose/explain#explain", terminal=" reception ", host="e.example", port="443", protocol="tcp"
    )
    asked = {"terminal": "reception", "host": "e.example", "port": 443, "protocol": "tcp"}
    assert ("explain", asked) in api.calls
    text = Outline(page.text).text
    for words in ("断ります", "足りないもの:", "端末ではありません。", "違います。", "inet foreign f"):
        assert words in text
    assert "<details open>" in page.text
    assert 'value="e.example"' in page.text
    send(client, "/diagnose/explain#explain", terminal="a", host="b", port="x", protocol="tcp")
    assert next(given for method, given in reversed(api.calls) if method == "explain")["port"] is None


def test_a_capture(client: FlaskClient, api: Api) -> None:
    done = send(client, "/diagnose/capture/start", place="lan", seconds="60", kilobytes="2048")
    assert done.status_code == 303
    wanted = {"place": "lan", "seconds": 60, "kilobytes": 2048, "payload": False}
    assert ("capture.start", wanted) in api.calls
    api.answers["capture.list"] = {**CAPTURES, "running": {"name": "n.pcap", "bytes": 24, "payload": False}}
    assert "記録しています" in get(client).text
    assert send(client, "/diagnose/capture/stop").status_code == 303
    file = get(client, "/diagnose/capture/20261128-120000-lan.pcap")
    assert file.data == b"pcap"
    assert file.headers["Content-Disposition"] == 'attachment; filename="n.pcap"'
    assert file.headers["Cache-Control"] == "no-store"


def test_the_support_bundle(client: FlaskClient) -> None:
    made = send(client, "/diagnose/bundle")
    assert (made.data, made.mimetype) == (b"tar", "application/gzip")


@pytest.mark.parametrize("path", ["/diagnose", "/diagnose/capture/n.pcap"])
def test_only_for_the_vendor(client: FlaskClient, api: Api, path: str) -> None:
    api.role = "manager"
    assert get(client, path).status_code == 403
    client.delete_cookie(SESSION, domain="sekisho.lan")
    asked = get(client, path)
    assert asked.status_code == 303
    assert asked.headers["Location"].startswith("/login?next=/diagnose")
    assert api.calls == []


def test_a_form_from_elsewhere_is_refused(client: FlaskClient, api: Api) -> None:
    for action in ("begin", "explain", "capture/start", "capture/stop", "bundle"):
        answer = client.post(f"/diagnose/{action}", base_url=ROUTER, environ_base=OVER_TLS)
        # The status page says so, as far as it can without a daemon.
        assert answer.status_code in (403, 503)
    assert api.calls == []


def test_nothing_in_it_is_a_script(client: FlaskClient) -> None:
    page = get(client)
    assert "<script" not in page.text
    assert " style=" not in page.text
    assert html.unescape(page.text).count('name="token"') >= 5
