"""The vendor looks for a fault: checks, why something does not pass, a capture, the support bundle."""

from __future__ import annotations

import base64
import itertools
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from appliance.control import access_store, diagnosing, methods_diagnose, support_bundle
from appliance.control.capturing import Capturing
from appliance.control.diagnosing import CHECKS, Diagnosing, Working
from appliance.control.explain import Sender, _document
from appliance.diagnose.checks import certificates, names, paths, throughput
from appliance.diagnose.checks import time as clock
from appliance.diagnose.checks.certificates import EngineEvidence, Shown
from appliance.diagnose.checks.names import Asked, NameEvidence
from appliance.diagnose.checks.paths import PathEvidence
from appliance.diagnose.checks.throughput import ThroughputEvidence
from appliance.diagnose.checks.time import TimeEvidence, TimeSource
from appliance.diagnose.explain.evaluate import Routed, World, travel
from appliance.diagnose.explain.question import Question
from appliance.diagnose.lan import verdict as lan
from appliance.diagnose.lan.evidence import LanEvidence, Server, Wire
from appliance.diagnose.verdict import Outcome
from appliance.gate.reasons import TEXTS, Reason
from appliance.intent.compile import compile
from appliance.kernel.nft.syntax import comment
from appliance.kernel.nft.traced import Hop, Traced
from tests.browser.access_parts import ROUTER, AccessDaemon, browser_at, page_behind_tls
from tests.browser.parts import GENEROUS, Watched, nothing_is_cut_off
from tests.browser.test_accessibility import faults, violations
from tests.browser.test_log_in import log_in, settled
from tests.builders import lab_account, lab_site
from tests.unit.control.test_line_passwords import Reversed

pytestmark = pytest.mark.browser

_VISITORS = itertools.count(60)
NOW = datetime.now(UTC)
INTENT = compile(lab_account(), lab_site())
TERMINAL = INTENT.lan.hosts[0]
STRANGER = "02:00:00:00:02:50"
ENGINE = IPv4Address("203.0.113.17")
CAPTURED = "20261128-081500-lan.pcap"


def found() -> dict[str, Outcome]:
    """What each check says of a clinic where several things are wrong, in the checks' own words."""
    shown = Shown("CN=e1", "CN=Engine CA", ("e.example",), NOW - timedelta(1), NOW + timedelta(90), "sha256/seen")
    engine = EngineEvidence(
        "receipt", "weborca.cloud.example", str(ENGINE), 443, (shown,), ("sha256/a", "sha256/b"), None
    )
    wire = Wire("lan", "lan0", IPv4Interface("192.0.2.1/26"), True, {TERMINAL.address: (TERMINAL.name, TERMINAL.mac)})
    heard = LanEvidence(
        wire,
        True,
        62,
        True,
        {TERMINAL.address: (TERMINAL.mac, STRANGER)},
        (Server(IPv4Address("192.0.2.49"), STRANGER, IPv4Interface("192.0.2.56/26")),),
    )
    good = PathEvidence("dc1", "wan", 50, (0.021,) * 50, 1394, 1394)
    wrong = ("wrong-pin", TEXTS[Reason.WRONG_PIN])
    asked = NameEvidence(Asked.CENTER, "203.0.113.5", "weborca.cloud.example", (str(ENGINE),), "", 0.02)
    followed = TimeSource("203.0.113.7", "*", 2, 8)
    return {
        "paths": paths.judge([good, replace(good, tunnel="dc2", delays=(0.03,) * 41, passes=1336, in_force=1336)]),
        "names": names.judge([asked]),
        "time": clock.judge(TimeEvidence(NOW.timestamp(), (followed,), followed.name, 0.002, None, None)),
        "certificates": certificates.judge([engine, replace(engine, address="203.0.113.33", objection=wrong)], NOW),
        "lan": lan.judge([heard]),
        "throughput": throughput.judge(ThroughputEvidence("")),
    }


async def explain(_: Working, terminal: str, host: str, port: int, protocol: Any) -> dict[str, Any]:
    """By the rules of a clinic whose engine is not proven; the kernel agrees."""
    question = Question("lan0", TERMINAL.mac, "02:00:00:00:01:01", TERMINAL.address, ENGINE, port, protocol)
    world = World(
        {one.name: frozenset(one.elements or ()) for one in INTENT.firewall.sets},
        {},
        {ENGINE: Routed("unicast", "sk-dc1")},
        "lan0",
    )
    journey = travel(INTENT.firewall, question.packet, world)
    hops = [
        Hop(
            "inet sekisho",
            step.chain,
            comment(step.why).strip('"'),
            "refuse" if number == len(journey.steps) else "jump",
        )
        for number, step in enumerate(journey.steps, 1)
    ]
    sender = Sender(terminal, TERMINAL.address, TERMINAL.mac, INTENT.lan.segments[0])
    return _document(sender, f"{host}:{port}", ENGINE, journey, Traced(tuple(hops), "refused"))


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[AccessDaemon, int]]:
    with tempfile.TemporaryDirectory(prefix="dia") as name, pytest.MonkeyPatch.context() as patch:
        directory = Path(name)
        patch.setattr(access_store, "_sealer", lambda name: Reversed(f"totp-{name}"))
        outcomes = found()

        async def run(name: str, _: Any) -> Outcome:
            return outcomes[name]

        async def bundle(*_: Any) -> dict[str, str]:
            return {"name": "sekisho-support.tar.gz", "data": base64.b64encode(b"tar").decode()}

        patch.setattr(diagnosing, "_outcome", run)
        patch.setattr(support_bundle, "make", bundle)
        captures = directory / "captures"
        captures.mkdir()
        (captures / CAPTURED).write_bytes(b"pcap")
        (captures / f"{CAPTURED}.json").write_text('{"packets": 12, "payload": false, "full": false}')
        router = SimpleNamespace(
            diagnosing=Diagnosing(),
            capturing=Capturing(captures),
            explainer=SimpleNamespace(explain=explain),
            working=lambda: None,
            metrics=lambda: "",
            records=None,
            history=None,
            changer=SimpleNamespace(history=None),
        )
        daemon = AccessDaemon(directory, methods_diagnose.methods(router))  # type: ignore[arg-type]
        with page_behind_tls(daemon, directory) as port:
            yield daemon, port
        daemon.close()


@pytest.fixture(scope="module")
def chromium(served: tuple[AccessDaemon, int]) -> Iterator[Browser]:
    with browser_at(served[1]) as browser:
        yield browser


@pytest.fixture
def vendor(served: tuple[AccessDaemon, int], watched: Watched) -> Page:
    """Logged in, on the page for finding faults."""
    daemon = served[0]
    daemon.visitor = f"192.0.2.{next(_VISITORS)}"
    for one in daemon.root("access.accounts.list")["accounts"]:
        daemon.root("access.accounts.remove", name=one["name"])
    settled(watched.page, str(daemon.root("access.first_password")["password"]))
    watched.page.get_by_role("link", name="診断").click()
    expect(watched.page.get_by_role("heading", level=1)).to_have_text("診断")
    return watched.page


def look(page: Page) -> None:
    page.get_by_role("button", name="調べる").click()
    for name in CHECKS:
        if not CHECKS[name].disturbs:
            expect(page.locator(f"#check-{name} .word").first).not_to_be_empty(timeout=GENEROUS)


def test_checks_say_what_is_wrong_and_what_to_do(vendor: Page, watched: Watched, tmp_path: Path) -> None:
    watched.keep("diagnose-before")
    look(vendor)
    expect(vendor.locator("#check-paths")).to_contain_text("パケットが失われています")
    expect(vendor.locator("#check-certificates")).to_contain_text("sha256/seen")
    expect(vendor.locator("#check-lan")).to_contain_text(STRANGER)
    raw = vendor.locator("#check-lan details")
    raw.get_by_text("見えたもの").click()
    expect(raw.locator("pre")).to_contain_text("DHCP server")
    watched.keep("diagnose")
    assert nothing_is_cut_off(vendor)
    assert faults(vendor.evaluate("fetch('/diagnose').then(answer => answer.text())"), tmp_path) == []
    vendor.evaluate("for (const fold of document.querySelectorAll('details')) fold.open = true")
    assert violations(vendor) == []
    vendor.goto(f"{ROUTER}/diagnose?lang=en")
    expect(vendor.locator("#check-paths")).to_contain_text("loses packets")
    assert violations(vendor) == []
    watched.keep("diagnose-en")
    vendor.goto(f"{ROUTER}/diagnose?lang=ja")
    assert watched.complaints == []


def test_why_a_terminal_does_not_reach_its_engine(vendor: Page, watched: Watched) -> None:
    vendor.get_by_label("端末（名前か IP アドレス）").fill("reception")
    vendor.get_by_label("行き先（名前か IP アドレス）").fill("weborca.cloud.example")
    vendor.get_by_label("ポート", exact=True).fill("443")
    vendor.keyboard.press("Enter")
    answer = vendor.locator("#answer")
    expect(answer).to_contain_text("断ります")
    expect(answer).to_contain_text("確かめられているサーバーではありません")
    expect(answer).to_contain_text("同じ規則で、同じ結果でした")
    answer.scroll_into_view_if_needed()
    watched.keep("diagnose-explain")
    assert violations(vendor) == []


def test_a_capture_and_the_bundle_are_taken_away(vendor: Page) -> None:
    with vendor.expect_download() as taken:
        vendor.get_by_role("link", name=CAPTURED).click()
    assert taken.value.suggested_filename == CAPTURED
    assert Path(taken.value.path()).read_bytes() == b"pcap"
    with vendor.expect_download() as made:
        vendor.get_by_role("button", name="ファイルを作る").click()
    assert made.value.suggested_filename == "sekisho-support.tar.gz"
    vendor.get_by_label("場所（区画、回線、トンネルの名前）").fill("nowhere")
    assert not vendor.get_by_label("中身も記録する").is_checked()


def test_on_a_telephone(served: tuple[AccessDaemon, int], chromium: Browser) -> None:
    small = Watched(chromium, 390, 844)
    try:
        daemon = served[0]
        daemon.visitor = f"192.0.2.{next(_VISITORS)}"
        for one in daemon.root("access.accounts.list")["accounts"]:
            daemon.root("access.accounts.remove", name=one["name"])
        settled(small.page, str(daemon.root("access.first_password")["password"]))
        small.page.goto(f"{ROUTER}/diagnose")
        look(small.page)
        assert nothing_is_cut_off(small.page)
        small.keep("diagnose-phone")
    finally:
        small.close()


def test_nobody_else_gets_there(served: tuple[AccessDaemon, int], watched: Watched) -> None:
    daemon = served[0]
    daemon.visitor = f"192.0.2.{next(_VISITORS)}"
    watched.page.goto(f"{ROUTER}/diagnose")
    expect(watched.page).to_have_url(f"{ROUTER}/login?next=/diagnose")
    log_in(watched.page, "not-the-password")
    expect(watched.page.get_by_role("alert")).to_be_visible()
