"""A vendor updates the router by hand: from the stick that he has brought, and by what the data center has."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import expect

from appliance.control import access_store, methods_firmware, sticks
from appliance.control.dispatch import Handler
from tests.browser.access_parts import ROUTER, AccessDaemon, browser_at, page_behind_tls
from tests.browser.guide import picture
from tests.browser.parts import GENEROUS, Watched
from tests.browser.test_history import look
from tests.browser.test_log_in import settled
from tests.unit.control.test_line_passwords import Reversed
from tests.unit.control.test_updating import OFFER, World

pytestmark = pytest.mark.browser


@pytest.fixture
def vendor() -> Iterator[Watched]:
    """Before a router with an image, and a stick that is plugged into it."""
    with tempfile.TemporaryDirectory(prefix="fw") as name, pytest.MonkeyPatch.context() as patch:
        directory = Path(name)
        patch.setattr(access_store, "_sealer", lambda name: Reversed(f"totp-{name}"))
        for place in ("UPDATE", "UPDATE_JOB", "UPDATE_NEWS"):
            patch.setattr(f"appliance.paths.{place}", directory / f"{place}.json")
        (directory / "esp").mkdir()
        stick = directory / "sticks/sda1"
        stick.mkdir(parents=True)
        (stick / "sekisho-1.1.0.firmware").write_bytes(b"SEKISHO FIRMWARE 1 " + bytes(2_500_000))
        for function in (sticks.chosen, sticks.listing):
            patch.setattr(function, "__defaults__", (directory / "sticks",))
        world = World(directory / "esp", offers={str(stick / "sekisho-1.1.0.firmware"): OFFER})
        more: dict[str, Handler] = {
            **methods_firmware.methods(SimpleNamespace(updater=world.updater())),
            "sticks.list": _listing,
        }
        daemon = AccessDaemon(directory, more)
        with page_behind_tls(daemon, directory) as port, browser_at(port) as chromium:
            watched = Watched(chromium)
            expect.set_options(timeout=GENEROUS)
            settled(watched.page, str(daemon.root("access.first_password")["password"]))
            yield watched
            watched.close()
        daemon.close()


async def _listing(_params: dict[str, Any], _peer: Any) -> Any:
    return {"files": sticks.listing()}


def test_an_update_by_hand(vendor: Watched, tmp_path: Path) -> None:
    page = vendor.page
    page.get_by_role("link", name="更新", exact=True).click()
    expect(page.locator("#version")).to_have_text("1.0.0")
    expect(page.get_by_label("USB メモリー sda1 の sekisho-1.1.0.firmware（3 MB）")).to_be_checked()
    look(vendor, "firmware", tmp_path)
    picture(page, "guide-firmware")

    page.get_by_label("データセンターにある最も新しい版").check()
    page.get_by_role("button", name="更新を始める").click()
    expect(page.locator("#notice")).to_contain_text("ファームウェアの場所が書かれていません")
    expect(page.locator("#says")).to_contain_text("いま行っている更新はありません。")
    # Chromium tells of the refusal.
    assert [complaint for complaint in vendor.complaints if "409" not in complaint] == []
    vendor.complaints.clear()

    page.get_by_role("button", name="更新を始める").click()
    expect(page).to_have_url(f"{ROUTER}/firmware?said=taken")
    expect(page.locator("#says")).to_contain_text("1.1.0")
    look(vendor, "firmware-taken", tmp_path)
    assert vendor.complaints == []
