"""The audit record as a browser gets it, before the real record and the real access room."""

from __future__ import annotations

import asyncio
import csv
import io
from types import SimpleNamespace

import pytest
from flask import Flask

from appliance.audit.entry import Actor, Deed
from appliance.control import methods_access, methods_audit
from appliance.control.dispatch import Method
from appliance.control.recorded import RECORDED
from appliance.control.roles import ALLOWED
from appliance.text import Text
from tests.unit.control.access_desk import GOOD, Desk
from tests.unit.webui.browsing import Browser
from webui.pages.audit_view import Filter
from webui.words.audit import KINDS, SUBJECTS

SATO = Actor("vendor", "sato", "192.0.2.20")


@pytest.fixture
def browser(desk: Desk, app: Flask) -> Browser:
    """Of a vendor who has logged in."""
    handlers = methods_audit.methods(SimpleNamespace(auditor=desk.auditor))
    more = {name: Method(handler, ALLOWED[name]) for name, handler in handlers.items()}
    desk._dispatcher._methods = {**desk._dispatcher._methods, **more}
    desk.vendor()
    browser = Browser(app)
    browser.log_in()
    return browser


def add(desk: Desk, *deeds: Deed) -> None:
    async def scene() -> None:
        for deed in deeds:
            await desk.auditor.record(deed)

    asyncio.run(scene())


def test_every_action_that_is_recorded_has_words() -> None:
    told = {action for _, actions in KINDS.values() for action in actions}
    recorded = {*RECORDED, *methods_access.subjects(SimpleNamespace(access=None))}
    assert recorded <= told
    by_itself = {"router.started", "factory.reset-done", "audit.mended", "audit.month-dropped"}
    by_itself |= {"maintenance.connected", "maintenance.disconnected", "maintenance.over"}
    assert told - recorded == by_itself
    assert all(isinstance(text, Text) for text in SUBJECTS.values())


def test_who_did_what_and_when(browser: Browser, desk: Desk) -> None:
    add(
        desk,
        Deed(SATO, "site.try", {"version": None, "seconds": 300}, "done"),
        Deed(SATO, "explain", {"host": "<b>x</b>", "port": 443}, "refused explain.no-terminal"),
    )
    page = browser.get("/audit")
    for words in ("設定を試した", "秒：300", "ベンダー sato", "192.0.2.20", "断った", "explain.no-terminal"):
        assert words in browser.text
    assert "<b>x</b>" not in page.text
    assert "版：None" not in browser.text
    browser.get("/audit?lang=en")
    assert "tried settings" in browser.text


def test_by_person_kind_and_day(browser: Browser, desk: Desk) -> None:
    add(desk, Deed(SATO, "site.confirm", {}, "done"), Deed(Actor("page"), "terminal.receipt", {}, "done"))
    browser.get("/audit?name=sato")
    assert "試した設定を確認した" in browser.text
    assert "端末をレセコンに戻した" not in browser.text.split("何を結果")[-1]
    browser.get("/audit?kind=terminals&role=page")
    assert "ログインしていない人" in browser.text
    assert 'value="terminals" selected' in browser.page.text  # type: ignore[union-attr]
    for none in ("from=2090-01-01", "until=2020-01-01", "role=manager", "kind=nothing"):
        browser.get(f"/audit?{none}")
        assert "あてはまる記録はありません。" in browser.text
    bad = browser.get("/audit?from=soon")
    assert (bad.status_code, "日付は 2026-11-28 のように" in browser.text) == (422, True)
    assert browser.get("/audit/record.csv?until=9999-12-31").status_code == 422


def test_a_day_is_one_of_the_clinics() -> None:
    asked = Filter("2026-11-28", "2026-11-28").params()
    assert (asked["since"], asked["until"]) == ("2026-11-28T00:00:00+09:00", "2026-11-29T00:00:00+09:00")


def test_page_by_page(browser: Browser, desk: Desk) -> None:
    add(desk, *(Deed(SATO, "site.try", {"version": number}, "done") for number in range(120)))
    page = browser.get("/audit?name=sato")
    pages = [page.text]
    while "これより前の記録" in pages[-1]:
        older = pages[-1].split("これより前の記録")[0].rpartition('href="')[2].partition('"')[0]
        pages.append(browser.get(older.replace("&amp;", "&")).text)
    assert [text.count("設定を試した") for text in pages] == [50, 50, 20]
    assert "新しい記録" in pages[-1]


def test_whether_it_is_whole(browser: Browser, desk: Desk) -> None:
    add(desk, Deed(SATO, "site.try", {"version": 3}, "done"))
    page = browser.get("/audit/verify")
    assert "書き換えも抜けもありません。" in browser.text
    mark = page.text.split('id="mark">')[1].partition("<")[0]
    browser.get(f"/audit/verify?known={mark}")
    assert "書き換えも抜けもありません。" in browser.text
    number, _, digest = mark.partition(":")
    browser.get(f"/audit/verify?known={int(number) - 1}:{digest}")
    assert "前に控えたものと違います" in browser.text
    assert browser.get("/audit/verify?known=3").status_code == 422
    (file,) = desk.auditor.directory.glob("*.jsonl")
    file.write_bytes(file.read_bytes().replace(b'"version":3}', b'"version":4}'))
    browser.get("/audit/verify")
    assert "書き換えられています" in browser.text


def test_what_is_taken_away_is_the_record_itself(browser: Browser, desk: Desk) -> None:
    add(desk, *(Deed(SATO, "explain", {"host": "=1+1"}, "done") for _ in range(600)))
    (file,) = desk.auditor.directory.glob("*.jsonl")
    taken = browser.get("/audit/record.jsonl")
    assert taken.data.splitlines()[::-1] == file.read_bytes().splitlines()
    assert taken.headers["Content-Disposition"] == 'attachment; filename="sekisho-audit.jsonl"'
    table = browser.get("/audit/record.csv?name=sato").get_data(as_text=True)
    assert table.startswith("\ufeffnumber,")
    rows = list(csv.DictReader(io.StringIO(table.removeprefix("\ufeff"))))
    assert len(rows) == 600
    assert rows[0]["action"] == "explain"
    add(desk, Deed(Actor("vendor", "=cmd"), "explain", {}, "done"))
    assert "'=cmd" in browser.get("/audit/record.csv").get_data(as_text=True)


def test_for_whoever_has_logged_in_and_nobody_else(browser: Browser, desk: Desk, app: Flask) -> None:
    first = desk.root("access.accounts.add", name="kato", role="manager")["password"]
    session = desk.log_in("kato", first)["session"]
    desk.page("access.change_password", session, old=first, new=GOOD)
    manager = Browser(app)
    manager.log_in(GOOD, "kato")
    assert manager.get("/audit").status_code == 200
    for path in ("/audit", "/audit/verify", "/audit/record.csv", "/audit/record.jsonl"):
        assert "/login" in (Browser(app).get(path).location or "")
