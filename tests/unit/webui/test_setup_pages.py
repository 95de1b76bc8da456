"""The wizard as a browser without scripts gets it, before the real settings' file and the real access room."""

from __future__ import annotations

import base64
import io
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from appliance import paths
from appliance.control import methods_draft
from appliance.control.dispatch import Method, Peer
from appliance.control.roles import ALLOWED
from appliance.errors import SekishoError
from tests.unit.control.access_desk import Desk
from tests.unit.webui.browsing import Browser
from tests.unit.webui.conftest import Api, make_status

PORTS = [
    {"name": "lan0", "mac": "02:00:00:00:01:01", "linked": None, "lan": True},
    {"name": "wan0", "mac": "02:00:00:00:01:02", "linked": True, "lan": False},
]
ACCOUNT = {"clinic": {"id": "c0001", "name": {"ja": "れんげ内科", "en": "Renge"}}, "issuer": "DC", "serial": 7}
ACCOUNT |= {"expires": "2030-01-01T00:00:00+00:00"}
WAN = {"kind": "dhcp", "interface": "wan0"}
LAN = {"interface": "lan0", "address": "192.0.2.1/26", "name": "sekisho"}


METHODS = ("status", "account.show", "account.import", "site.trial", "site.history", "site.ports", "site.diff")
METHODS += ("sticks.list",)
METHODS += ("site.try", "site.confirm", "site.cancel", "line.find", "line.password", "lan.machines", "report.make")


class Router:
    """What the wizard asks of the daemon beside the settings and the log-ins; each answer can be replaced."""

    def __init__(self) -> None:
        self.account: dict[str, Any] | None = None
        self.trial: dict[str, Any] | None = None
        self.difference: dict[str, Any] | None = None
        self.refusing: SekishoError | None = None
        self.versions: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []

    async def handle(self, name: str, params: dict[str, Any], _: Peer) -> Any:
        self.asked.append((name, params))
        match name:
            case "status":
                return make_status()
            case "site.history":
                return {"versions": self.versions}
            case "account.show":
                if self.account is None:
                    raise SekishoError("control.no-account", "まだありません。", "There is none.")
                return self.account
            case "sticks.list":
                return {"files": self.files}
            case "site.trial":
                return self.trial
            case "site.ports":
                return {"ports": PORTS}
            case "site.diff" if self.difference is not None:
                return self.difference
            case "site.diff":
                raise SekishoError("control.no-site", "まだ反映されていません。", "Nothing is in force.")
        if self.refusing is not None:
            raise self.refusing
        match name:
            case "account.import":
                self.account = ACCOUNT
                return ACCOUNT
            case "line.find":
                why = {"ja": "返事がありました。", "en": "Somebody answered."}
                way = {
                    "kind": "pppoe",
                    "why": why,
                    "toml": 'kind = "pppoe"\ninterface = "wan0"\nuser = "（書類の ID）"\n',
                }
                return {"code": "pppoe", "headline": why, "ways": [way], "warnings": []}
            case "lan.machines":
                return {
                    "machines": [
                        {"segment": "lan", "address": "192.0.2.40", "mac": "02:00:00:00:02:99", "name": "desk"}
                    ]
                }
            case "report.make":
                return {"pdf": base64.b64encode(b"%PDF-1.4").decode(), "number": "AAAA", "passed": True}
        return True


@pytest.fixture
def router() -> Router:
    return Router()


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, router: Router, desk: Desk, app: Flask) -> Browser:
    """Of a vendor who has logged in."""
    monkeypatch.setattr(paths, "SITE", tmp_path / "site.toml")
    _add(desk, router)
    desk.vendor()
    browser = Browser(app)
    browser.log_in()
    return browser


def _add(desk: Desk, router: Router) -> None:
    """The desk's dispatcher answers the wizard's methods too."""

    def asked(name: str) -> Method:
        return Method(partial(router.handle, name), ALLOWED[name])

    methods = {name: asked(name) for name in METHODS}
    methods |= {
        name: Method(handler, ALLOWED[name]) for name, handler in methods_draft.methods().items() if name not in methods
    }
    desk._dispatcher._methods = {**desk._dispatcher._methods, **methods}


def sent(router: Router, name: str) -> list[dict[str, Any]]:
    return [params for asked, params in router.asked if asked == name]


def test_the_chosen_language_goes_along_to_the_step_that_is_open(browser: Browser) -> None:
    following = browser.get("/setup/?lang=en").location
    browser.get(following)
    assert "The connection account" in browser.text
    # Whoever opens the next page chooses nothing any more.
    following = browser.get("/setup/?lang=ja").location
    browser.get(following)
    assert "接続アカウント" in browser.text


def test_and_to_the_log_in_that_comes_first(app: Flask, desk: Desk) -> None:
    desk.vendor()
    browser = Browser(app)
    browser.get(browser.get("/setup/?lang=en").location)
    assert "Password" in browser.text


def test_a_router_is_set_up_step_by_step(browser: Browser, router: Router) -> None:
    assert browser.get("/setup/").location == "/setup/account"
    browser.get("/setup/account")
    file = {"file": (io.BytesIO(b"sealed"), "clinic.sekisho-account")}
    assert browser.send("/setup/account", code="ABCDE", **file).location == "/setup/wan"
    assert sent(router, "account.import") == [{"file": base64.b64encode(b"sealed").decode(), "code": "ABCDE"}]

    browser.get("/setup/wan")
    assert browser.send("/setup/wan", **WAN).location == "/setup/lan"
    browser.get("/setup/lan")
    assert browser.send("/setup/lan", **LAN).location == "/setup/terminals"
    browser.get("/setup/terminals")
    row = {"label-0": "受付", "name-0": "desk", "mac-0": "02-00-00-00-02-10", "address-0": "192.0.2.10"}
    assert browser.send("/setup/terminals", **row).location == "/setup/vendor"
    browser.get("/setup/vendor")
    assert browser.send("/setup/vendor", name="サンプル商会", phone="03-0000-0000").location == "/setup/try"
    written = paths.SITE.read_text()
    for words in ('kind = "dhcp"', 'address = "192.0.2.1/26"', 'label = "受付"', "サンプル商会"):
        assert words in written

    # Nothing is in force yet: all of the settings is what changes.
    assert "サンプル商会" in browser.get("/setup/try").text
    assert browser.send("/setup/try", minutes="5").location == "/setup/try"
    assert sent(router, "site.try") == [{"seconds": 300}]


def test_an_account_on_a_stick_is_the_daemons_to_read(browser: Browser, router: Router) -> None:
    assert 'name="stick"' not in browser.get("/setup/account").text
    path = '/run/sekisho/sticks/sda1/"><b>.sekisho-account'
    router.files = [{"kind": "account", "path": path, "size": 9, "stick": "sda1"}]
    shown = browser.get("/setup/account").text
    assert 'value="/run/sekisho/sticks/sda1/&#34;&gt;&lt;b&gt;.sekisho-account" checked' in shown
    router.refusing = SekishoError("sticks.gone", "もうありません。", "It is gone.")
    router.files = []
    gone = browser.send("/setup/account", stick=path, code="ABCDE", file=(io.BytesIO(b""), ""))
    assert (gone.status_code, "もうありません。" in gone.text) == (422, True)
    router.refusing = None
    assert browser.send("/setup/account", stick=path, code="ABCDE", file=(io.BytesIO(b""), "")).location == "/setup/wan"
    assert sent(router, "account.import")[-1] == {"path": path, "code": "ABCDE"}


def test_a_wrong_value_is_told_at_its_field_and_nothing_is_written(browser: Browser) -> None:
    browser.get("/setup/lan")
    shown = browser.send("/setup/lan", interface="lan0", address="192.0.2.300/26", name="sekisho")
    assert shown.status_code == 422
    assert 'aria-invalid="true"' in shown.text
    assert 'value="192.0.2.300/26"' in shown.text
    assert not paths.SITE.exists()


def test_the_hours_of_updates_are_written_with_the_rest_and_tried_like_it(browser: Browser) -> None:
    paths.SITE.write_text('# ours\nlanguage = "en"\n')
    shown = browser.get("/setup/update").text
    for words in (
        'value="02:00"',
        'value="05:00"',
        'value="1-10"',
        'name="automatic" id="automatic" value="on" checked',
    ):
        assert words in shown
    wrong = browser.send("/setup/update", first="02:00", last="02:30", days_off="1-32")
    assert wrong.status_code == 422
    assert wrong.text.count('aria-invalid="true"') == 2
    assert 'value="02:30"' in wrong.text
    assert "[update]" not in paths.SITE.read_text()
    typed = {"automatic": "on", "first": "01:00", "last": "04:30", "days_off": "1-10, 25"}
    assert browser.send("/setup/update", **typed).location == "/setup/try"
    assert tomllib.loads(paths.SITE.read_text()) == {
        "language": "en",
        "update": {"automatic": True, "hours": "01:00-04:30", "days_off": "1-10, 25"},
    }
    assert "# ours" in paths.SITE.read_text()


def test_what_somebody_else_has_written_is_not_written_over(browser: Browser) -> None:
    browser.get("/setup/vendor")
    paths.SITE.write_text('language = "en"\n')
    shown = browser.send("/setup/vendor", name="サンプル商会", phone="03-0000-0000")
    assert shown.status_code == 422
    assert "ほかの画面" in shown.text
    assert "サンプル商会" in shown.text
    assert paths.SITE.read_text() == 'language = "en"\n'


def test_the_line_is_found_and_its_kind_taken_over(browser: Browser, router: Router) -> None:
    # The port of the LAN, as the factory wrote it, is not the one that is proposed.
    assert '<option value="wan0" selected>' in browser.get("/setup/wan").text
    found = browser.send("/setup/wan/find", hidden=browser.hidden("/setup/wan"), interface="wan0", kind="dhcp")
    assert sent(router, "line.find") == [{"interface": "wan0"}]
    assert "返事がありました" in found.text
    chosen = browser.send("/setup/wan/use")
    assert '<option value="pppoe" selected>' in chosen.text
    assert "書類の ID" not in chosen.text
    assert not paths.SITE.exists()


def test_the_lines_password_goes_its_own_way(browser: Browser, router: Router) -> None:
    browser.get("/setup/wan")
    typed = {"kind": "pppoe", "interface": "wan0", "user": "clinic@provider.example", "password": "SECRET"}
    assert browser.send("/setup/wan", **typed).location == "/setup/lan"
    assert sent(router, "line.password") == [{"line": "wan", "password": "SECRET"}]
    assert "SECRET" not in paths.SITE.read_text()
    assert "SECRET" not in browser.get("/setup/wan").text


def test_machines_that_were_found_can_be_listed(browser: Browser) -> None:
    browser.get("/setup/terminals")
    assert "02:00:00:00:02:99" in browser.send("/setup/terminals/find").text
    row = {"take-0": "on", "mac-0": "02:00:00:00:02:99", "label-0": "受付", "name-0": "desk", "address-0": "192.0.2.40"}
    assert browser.send("/setup/terminals", **row).location == "/setup/vendor"
    assert "02:00:00:00:02:99" in paths.SITE.read_text()


@pytest.mark.parametrize("path", ["wan/find", "terminals/find", "try", "confirm", "cancel", "report"])
def test_a_refusal_is_told_in_its_words(browser: Browser, router: Router, path: str) -> None:
    browser.get("/setup/vendor")
    router.refusing = SekishoError("some.reason", "そうはできません。", "That cannot be.")
    shown = browser.send(f"/setup/{path}", hidden=browser.hidden("/setup/vendor"), minutes="5", language="ja")
    assert shown.status_code == 422
    assert "そうはできません。" in shown.text


def test_only_who_has_logged_in_again_is_offered_to_confirm(browser: Browser, router: Router) -> None:
    router.trial = {"version": 1, "phase": "waiting", "until": "2026-11-28T09:00:00Z", "may_confirm": False}
    router.trial["address"] = "192.0.2.1"
    shown = browser.get("/setup/try").text
    assert 'action="/setup/confirm"' not in shown
    assert "18:00:00" in shown
    assert "https://192.0.2.1/setup/try" in shown
    # Whoever logs out to log in again comes back here.
    assert '<input type="hidden" name="next" value="/setup/try">' in shown
    router.trial |= {"may_confirm": True}
    browser.get("/setup/try")
    assert browser.send("/setup/confirm").location == "/setup/report"
    assert sent(router, "site.confirm") == [{}]


def test_what_changes_is_told_line_by_line_and_in_words(browser: Browser, router: Router) -> None:
    router.account = ACCOUNT
    for section, given in {"wan": WAN, "lan": LAN}.items():
        browser.get(f"/setup/{section}")
        browser.send(f"/setup/{section}", **given)
    lines = ["--- in force", "+++ new", "@@ -1 +1 @@", "-a = 1", "+a = 2"]
    step = {"subsystem": "route", "subject": "x", "text": {"ja": "経路を変えます。", "en": "change a route"}}
    router.difference = {"settings": lines, "account": None, "changes": [step]}
    shown = browser.get("/setup/try").text
    assert "<del>-a = 1</del><ins>+a = 2</ins>" in shown
    assert "経路を変えます。" in shown
    assert "in force" not in shown


def test_whoever_begins_a_trial_knows_where_it_leads_and_why_the_last_one_came_back(
    browser: Browser, router: Router
) -> None:
    router.account = ACCOUNT
    for section, typed in (("wan", WAN), ("lan", LAN)):
        browser.get(f"/setup/{section}")
        browser.send(f"/setup/{section}", **typed)
    before = browser.get("/setup/try").text
    assert 'href="https://192.0.2.1/setup/try"' in before
    assert "前に試した設定は" not in before
    reason = {"ja": "時間内に確認されませんでした。", "en": "Too late."}
    router.versions = [{"ending": "returned", "reason": reason}, {"ending": "applied", "reason": None}]
    assert "時間内に確認されませんでした。" in browser.get("/setup/try").text
    router.versions = [{"ending": "confirmed", "reason": None}, *router.versions]
    assert "時間内に確認されませんでした。" not in browser.get("/setup/try").text


def test_a_report_is_of_a_router_at_work(browser: Browser, api: Api) -> None:
    assert 'action="/setup/report"' in browser.get("/setup/report").text
    api.status = make_status(clinic=None)
    assert 'action="/setup/report"' not in browser.get("/setup/report").text


def test_the_report_is_a_file(browser: Browser) -> None:
    browser.get("/setup/report")
    made = browser.send("/setup/report", language="ja")
    assert made.mimetype == "application/pdf"
    assert "attachment" in made.headers["Content-Disposition"]


def test_nobody_else_gets_there(browser: Browser) -> None:
    stranger = Browser(browser._client.application)
    for path in ("", "account", "wan", "lan", "terminals", "vendor", "update", "try", "report"):
        assert "/login" in (stranger.get(f"/setup/{path}").location or "")
