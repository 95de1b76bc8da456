"""axe-core finds nothing, and the HTML is valid: every state, both languages, everything unfolded."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.parts import BROKEN, GENEROUS, TOOLS, Daemon, Watched, WebServer

pytestmark = pytest.mark.browser
AXE = TOOLS.parent / "axe-core" / "axe.min.js"
RULES = Path(__file__).with_name("npm") / "htmlvalidate.cjs"


def violations(page: Page) -> list[str]:
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{one['id']}: {one['help']}: {', '.join(node['html'][:200] for node in one['nodes'])}"
        for one in found["violations"]
    ]


def faults(html: str, folder: Path) -> list[str]:
    file = folder / "page.html"
    file.write_text(html)
    done = subprocess.run(
        [TOOLS / "html-validate", "--config", RULES, "--formatter", "json", file],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout, done.stderr
    return [
        f"{fault['ruleId']} in line {fault['line']}: {fault['message']}"
        for report in json.loads(done.stdout)
        for fault in report["messages"]
    ]


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("case", BROKEN)
def test_every_state(
    daemon: Daemon, web: WebServer, watched: Watched, tmp_path: Path, language: str, case: str
) -> None:
    daemon.let_staff_switch()
    daemon.say(case)
    page = watched.page
    page.goto(f"{web.url}?lang={language}")
    page.locator("#internet-reception-1").click()
    expect(page.locator("#receipt-reception-1")).to_be_visible(timeout=GENEROUS)
    assert faults(page.request.get(web.url).text(), tmp_path) == []
    page.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert violations(page) == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_without_the_router_and_without_the_daemon(
    daemon: Daemon, web: WebServer, watched: Watched, tmp_path: Path, language: str
) -> None:
    page = watched.page
    page.goto(f"{web.url}?lang={language}")
    daemon.stop()
    page.reload()
    assert faults(page.request.get(web.url).text(), tmp_path) == []
    assert violations(page) == []
    web.stop()
    expect(page.locator("#lost")).to_be_visible(timeout=GENEROUS)
    assert violations(page) == []
