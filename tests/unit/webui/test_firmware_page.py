"""The firmware's page as a browser gets it, before the real methods and the real updater."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from appliance.control import methods_firmware, sticks, updating
from appliance.control.dispatch import Method
from appliance.control.recorded import RECORDED
from appliance.control.roles import ALLOWED
from appliance.errors import SekishoError
from appliance.update import core, kept
from appliance.update.core import Kept
from tests.unit.control.access_desk import GOOD, Desk
from tests.unit.control.test_updating import OFFER, World
from tests.unit.update.test_core import after
from tests.unit.update.world import NOW as NIGHT
from tests.unit.webui.browsing import Browser
from webui.pages import firmware_view


class Router:
    """A machine with an image, a stick that is plugged in, and the page before both."""

    def __init__(self, directory: Path, desk: Desk, patch: pytest.MonkeyPatch) -> None:
        (directory / "esp").mkdir()
        self.world = World(directory / "esp")
        for name in ("UPDATE", "UPDATE_JOB", "UPDATE_NEWS"):
            patch.setattr(f"appliance.paths.{name}", directory / f"{name}.json")
        patch.setattr(updating, "boottime", lambda: self.world.clock)
        self.sticks, self._desk, self._patch = directory / "sticks", desk, patch
        stick = self.sticks / "sda1"
        stick.mkdir(parents=True)
        self.file = stick / "sekisho-1.1.0.firmware"
        self.file.write_bytes(b"SEKISHO FIRMWARE 1 " + bytes(2_500_000))
        self.world.offers[str(self.file)] = OFFER
        for function in (sticks.chosen, sticks.listing):
            patch.setattr(function, "__defaults__", (self.sticks,))
        self.start()

    def start(self) -> None:
        self.updater = self.world.updater()
        handlers = methods_firmware.methods(SimpleNamespace(updater=self.updater))

        async def listing(_: Any, __: Any) -> Any:
            return {"files": sticks.listing()}

        more = {
            name: Method(handler, ALLOWED[name], RECORDED.get(name))
            for name, handler in {**handlers, "sticks.list": listing}.items()
        }
        self._desk._dispatcher._methods = {**self._desk._dispatcher._methods, **more}


@pytest.fixture
def router(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Router:
    return Router(tmp_path, desk, monkeypatch)


@pytest.fixture
def browser(router: Router, desk: Desk, app: Flask) -> Browser:
    """Of a vendor who has logged in."""
    desk.vendor()
    browser = Browser(app)
    browser.log_in()
    return browser


def send(browser: Browser, **typed: str) -> int:
    """Fill in the form; the status of the answer."""
    browser.get("/firmware")
    return browser.send("/firmware", **typed).status_code


def test_a_stick_is_chosen_and_taken_in(browser: Browser, router: Router, desk: Desk) -> None:
    browser.get("/firmware")
    for words in ("1.0.0", "USB メモリー sda1 の sekisho-1.1.0.firmware（3 MB）", "いま行っている更新はありません。"):
        assert words in browser.text
    assert send(browser, source=str(router.file), when="hours") == 303
    assert router.updater.kept.offer is not None
    assert (router.updater.kept.offer.source, router.updater.kept.offer.at_once) == (str(OFFER.source), False)
    browser.get("/firmware?said=taken")
    assert "更新を受け付けました。" in browser.text
    assert any(entry["action"] == "firmware.install" for entry in desk.record())


def test_the_hours_are_set_on_a_page_of_their_own_by_whoever_may(browser: Browser, desk: Desk, app: Flask) -> None:
    assert 'href="/setup/update"' in browser.get("/firmware").text
    first = desk.root("access.accounts.add", name="dc", role="datacenter")["password"]
    session = desk.log_in("dc", first)["session"]
    desk.page("access.change_password", session, old=first, new=GOOD)
    other = Browser(app)
    other.log_in(GOOD, "dc")
    assert other.get("/firmware").status_code == 200
    assert "/setup/update" not in other.text


def test_at_once_only_where_somebody_says_so(browser: Browser, router: Router) -> None:
    assert send(browser, source=str(router.file), when="now") == 303
    assert router.updater.kept.offer is not None
    assert router.updater.kept.offer.at_once


def test_nothing_else_of_the_machine_is_opened_for_the_page(browser: Browser, router: Router, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_bytes(router.file.read_bytes())
    router.world.offers[str(outside)] = OFFER
    for path in (str(outside), f"{router.file.parent}/../../outside", "/etc/shadow"):
        assert send(browser, source=path, when="now") == 409
        assert "USB メモリーにもうありません" in browser.text
    assert router.updater.kept.offer is None


def test_what_is_refused_is_told_and_changes_nothing(browser: Browser, router: Router) -> None:
    router.world.offers[str(router.file)] = SekishoError("firmware.older", "古い版です。", "It is older.")
    assert send(browser, source=str(router.file), when="hours") == 409
    assert "古い版です。" in browser.text
    assert send(browser, source="", when="hours") == 409
    assert "ファームウェアの場所が書かれていません" in browser.text
    assert kept.read().offer is None


def test_a_router_that_is_no_image_says_so(browser: Browser, router: Router) -> None:
    router.world.version = None
    router.start()
    browser.get("/firmware")
    assert "Debian の更新は apt で" in browser.text
    assert '<button type="submit" class="main"' not in browser.text


def test_nobody_without_a_log_in(app: Flask, router: Router) -> None:
    visitor = Browser(app)
    visitor.get("/firmware")
    assert "いまの版" not in visitor.text


def test_a_version_that_came_back_twice_is_not_tried_by_itself_and_the_page_says_what_can_be_done(
    browser: Browser, router: Router
) -> None:
    tries = (
        core.Offered(replace(OFFER, source="")),
        core.Written(),
        core.Look(None, ("router",)),
        core.Started(NIGHT, "1.0.0"),
    )
    kept.write(after(Kept(), *tries))
    router.start()
    browser.get("/firmware")
    assert "別の日に、もう一度だけ" in browser.text
    kept.write(after(kept.read(), *tries[2:]))
    router.start()
    for language, words in (("ja", "もうひとりでには入れません"), ("en", "not installed by itself any more")):
        browser.get(f"/firmware?lang={language}")
        assert words in browser.text
    # And so it is: what a person chooses is taken.
    assert send(browser, source=str(router.file), when="hours") == 303
    assert router.updater.kept.offer is not None


def test_how_the_last_one_ended() -> None:
    told = {
        "version": "1.0.0",
        "text": None,
        "progress": {"come": 1, "total": 3},
        "last": {
            "version": "1.1.0",
            "ended": "returned",
            "at": "2026-11-28T18:00:00+00:00",
            "reason": {"ja": "つながりませんでした。", "en": "It did not connect."},
            "again": None,
        },
    }
    shown = firmware_view.shown(told, "en")
    assert shown is not None
    assert shown.progress == "33 % has come"
    assert shown.last == "2026-11-29 03:00 returned from 1.1.0 to the version before"
    assert shown.why == "It did not connect."
    assert shown.again == ""
    assert firmware_view.shown({**told, "progress": {"come": 0, "total": 0}, "last": None}, "ja") is not None
