"""On paper: everything unfolded, nothing to press, signs and words without the screen."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.parts import SCREENSHOTS, Daemon, Watched, WebServer, shows

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_on_paper(daemon: Daemon, web: WebServer, watched: Watched, language: str) -> None:
    daemon.let_staff_switch()
    daemon.say("failed")
    page = watched.page
    page.goto(f"{web.url}?lang={language}")
    shows(page, "failed", "")
    paper = page.pdf(
        path=SCREENSHOTS / f"printed-{language}.pdf", format="A4", margin={"top": "12mm", "bottom": "12mm"}
    )
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper)) <= 4
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 720, "height": 1000})
    for button in page.locator("button, nav").all():
        expect(button).to_be_hidden()
    for folded in ("#light-engine", "#dates-later .dates-list", "#parts-tunnel ul"):
        expect(page.locator(folded)).to_be_visible()
    expect(page.locator("#headline a")).to_have_text("03-0000-0000")
    watched.keep(f"printed-{language}")
