"""Every state of the lights, live: without a reload, worst first, and with folds that stay as people left them."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.guide import picture
from tests.browser.parts import BROKEN, GENEROUS, Daemon, Watched, WebServer, nothing_is_cut_off, shows

pytestmark = pytest.mark.browser


def test_lights_change_without_reload_and_folds_stay_open(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    page = watched.page
    page.goto(web.url)
    shows(page, "ok", "すべて正常です。")
    expect(page.locator("article.lamp.ok:visible")).to_have_count(5)
    page.evaluate("window.sameDocument = true")

    daemon.say("failed")
    shows(page, "failed", "レセコンにつながりません。インターネット側のケーブルが抜けています。")
    expect(page).to_have_title("異常 – レセコンの接続状態")
    first = page.locator("#lights > article").first
    expect(first).to_have_attribute("id", "light-line")
    engine = page.locator("#light-engine")
    expect(engine).to_be_hidden()
    page.locator("#echo-line > summary").click()
    expect(engine).to_be_visible()

    daemon.say("impostor")
    shows(page, "failed", "安全のため、レセコンへの通信を止めました。")
    daemon.say("failed")
    shows(page, "failed", "ケーブルが抜けています。")
    page.locator("#echo-line > summary").click()
    daemon.say("failed", 20.0)
    expect(page.locator("#light-line > .says")).to_contain_text("20秒前に確認", timeout=GENEROUS)
    expect(engine).to_be_visible()

    daemon.say("ok")
    shows(page, "ok", "すべて正常です。")
    assert page.evaluate("window.sameDocument")
    assert watched.complaints == []
    assert {url for url in watched.asked if not url.startswith(web.url)} == set()


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize(("form", "width", "height"), [("desktop", 1280, 900), ("phone", 390, 844)])
def test_every_state_fits_its_screen(
    daemon: Daemon, web: WebServer, chromium: Browser, language: str, form: str, width: int, height: int
) -> None:
    watched = Watched(chromium, width, height)
    page = watched.page
    daemon.let_staff_switch()
    for case in BROKEN:
        daemon.say(case)
        page.goto(f"{web.url}?lang={language}")
        state = {"impostor": "failed"}.get(case, case)
        expect(page.locator(f"#headline.{state}")).to_be_visible(timeout=GENEROUS)
        if case == "failed":
            page.locator("#echo-line > summary").click()
        assert nothing_is_cut_off(page)
        watched.keep(f"{case}-{language}-{form}")
        if (case, language, form) == ("failed", "ja", "desktop"):
            picture(page, "status-ja", "#board", "#board")
    watched.close()
    assert watched.complaints == []


def test_without_colour_every_state_is_told_apart(daemon: Daemon, web: WebServer, watched: Watched) -> None:
    """By a word and by a shape; the picture is for whoever wants to look."""
    seen = set()
    watched.page.context.new_cdp_session(watched.page).send(
        "Emulation.setEmulatedVisionDeficiency", {"type": "achromatopsia"}
    )
    for case in ("ok", "warning", "failed", "unknown"):
        daemon.say(case)
        watched.page.goto(web.url)
        shows(watched.page, case, "")
        sign = watched.page.locator("#headline .sentence")
        seen.add(
            (sign.locator("h1 .word").inner_text(), sign.locator("svg .shape").evaluate("shape => shape.outerHTML"))
        )
        watched.keep(f"colourless-{case}")
    assert len({word for word, _ in seen}) == 4
    assert len({shape for _, shape in seen}) == 4
