"""A router from its box becomes a clinic's: a vendor's browser on its LAN, from the first visit to the report.

The real router in the lab's world: its gate's TLS, its daemon, its kernel, and data centers that answer.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.guide import picture
from tests.browser.inside import browser_on
from tests.browser.parts import GENEROUS, Watched
from tests.lab import addresses, observe, terminal
from tests.lab.filesystem import temporary_directory
from tests.lab.machine import Machine
from tests.lab.router import first_password
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import await_trial, history, light

pytestmark = [pytest.mark.browser, pytest.mark.namespaces]

FRESH = f"https://{addresses.FRESH_LAN.ip}"
PLANNED = f"https://{addresses.ROUTER_LAN.ip}"
PASSWORD = "kaminari-yane-tokei"
LONG = 300.0
"""Seconds."""


@pytest.fixture
def directory() -> Iterator[Path]:
    with temporary_directory() as directory:
        yield Path(directory)


@pytest.fixture
def world(directory: Path) -> Iterator[World]:
    """A router out of its box, where the clinic already has its addresses and its data centers wait."""
    with World(directory / "world") as world:
        world.prepare_clinic()
        world.router.machine.run("rm", "/etc/sekisho/site.toml")
        world.router.tell_ports()
        world.router.run()
        terminal.fix(world.machines["reception"], addresses.TERMINALS["reception"])
        terminal.start_client(world.machines["doctor"])
        yield world


@pytest.fixture
def notebook(world: World) -> Machine:
    """The vendor's."""
    notebook = world.add("notebook", {"eth0": "lan"})
    terminal.start_client(notebook)
    until(lambda: _is_within(notebook, addresses.FRESH_FIRST, addresses.FRESH_LAST), "a lease", LONG)
    return notebook


@pytest.fixture
def chromium(notebook: Machine, directory: Path) -> Iterator[Browser]:
    with browser_on(notebook, directory) as browser:
        yield browser


def test_from_the_box_to_the_report(world: World, notebook: Machine, chromium: Browser, directory: Path) -> None:
    watched = Watched(chromium)
    page = watched.page
    expect.set_options(timeout=2 * GENEROUS)
    page.set_default_timeout(2 * GENEROUS)

    _first_log_in(world, page)
    _account(world, page)
    _line(page)
    _lan(page)
    _terminals(page)
    page.get_by_label("会社の名前").fill("見本商会")
    page.get_by_label("電話番号").fill("03-0000-0000")
    page.get_by_role("button", name="保存して次へ").click()
    expect(_title(page)).to_have_text("試す")
    picture(page, "guide-try", until="#begin")

    _is_lost_and_comes_back(world, page)
    old = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    _is_confirmed_over_the_new_settings(world, notebook, page, old["__Host-session"])

    expect(_title(page)).to_have_text("疎通確認報告書")
    picture(page, "guide-report")
    with page.expect_download() as download:
        page.get_by_role("button", name="報告書を作る").click()
    paper = directory / "report.pdf"
    download.value.save_as(paper)
    told = re.sub(r"\s", "", subprocess.run(["pdftotext", paper, "-"], capture_output=True, text=True).stdout)
    for words in ("疎通を確認しました", "受付", "見本商会", str(addresses.ROUTER_LAN.ip)):
        assert words in told
    world.client("reception").login()
    watched.close()


def _first_log_in(world: World, page: Page) -> None:
    label = world.router.sekisho("access", "first-password").stdout
    password = first_password(label)
    until(lambda: _opens(page, f"http://{addresses.FRESH_LAN.ip}/"), "the page", LONG)
    expect(page).to_have_url(f"{FRESH}/")
    begin = page.get_by_role("link", name="設置を始める")
    expect(begin).to_be_visible()
    picture(page, "guide-first", "#headline", "#headline")
    begin.click()
    page.get_by_label("ログイン名").fill("vendor")
    page.get_by_label("パスワード").fill(password)
    page.get_by_role("button", name="ログイン", exact=True).click()
    expect(_title(page)).to_have_text("パスワードを決めてください")
    page.get_by_label("いまのパスワード").fill(password)
    page.get_by_label("新しいパスワード", exact=True).fill(PASSWORD)
    page.get_by_label("新しいパスワード（もう一度）").fill(PASSWORD)
    page.get_by_role("button", name="変更する").click()


def _account(world: World, page: Page) -> None:
    """The vendor's own file with a wrong code; then from a stick in the router, which was plugged in meanwhile."""
    expect(_title(page)).to_have_text("接続アカウント")
    page.get_by_label("接続アカウントのファイル").set_input_files(world.account.file)
    page.get_by_label("アクティベーションコード").fill(_mistyped(world.account.code))
    page.get_by_role("button", name="取り込む").click()
    expect(page.get_by_role("alert")).to_be_visible()
    assert light(world, "router")["cause"] == "router.no-account"
    world.router.plug_in_stick(world.account)
    page.get_by_role("link", name="もう一度見る").click()
    expect(page.get_by_label(world.account.file.name)).to_be_checked()
    picture(page, "guide-account")
    page.get_by_label("アクティベーションコード").fill(world.account.code)
    page.get_by_role("button", name="取り込む").click()
    expect(_title(page)).to_have_text("回線")


def _line(page: Page) -> None:
    expect(page.get_by_label("ポート", exact=True)).to_have_value("wan0")
    page.get_by_role("button", name="回線を調べる").click()
    expect(page.locator(".finding")).to_contain_text(str(addresses.UPPER_LAN.ip))
    picture(page, "guide-line")
    page.get_by_role("button", name="この種類を使う").first.click()
    expect(page.get_by_label("回線の種類")).to_have_value("dhcp")
    page.get_by_role("button", name="保存して次へ").click()


def _lan(page: Page) -> None:
    expect(_title(page)).to_have_text("院内のネットワーク")
    expect(page.get_by_label("院内側のポート")).to_have_value("lan0")
    page.get_by_label("ルーターのアドレスと大きさ").fill(str(addresses.ROUTER_LAN))
    page.get_by_label("端末にアドレスを自動で配る").check()
    page.get_by_label("配るアドレスの最初").fill(str(addresses.DHCP_FIRST))
    page.get_by_label("配るアドレスの最後").fill(str(addresses.DHCP_LAST))
    picture(page, "guide-lan")
    page.get_by_role("button", name="保存して次へ").click()


def _terminals(page: Page) -> None:
    expect(_title(page)).to_have_text("レセプトの端末")
    page.get_by_role("button", name="院内の機器を探す").click()
    reception, doctor = (_found(page, addresses.TERMINALS[name].mac) for name in ("reception", "doctor"))
    # Before the router is there: it keeps the address that it has.
    expect(reception.get_by_label("アドレス", exact=True)).to_have_value(
        str(addresses.TERMINALS["reception"].address.ip)
    )
    proposed = doctor.get_by_label("アドレス", exact=True)
    assert IPv4Address(proposed.input_value()) in addresses.LAN
    proposed.fill(str(addresses.TERMINALS["doctor"].address.ip))
    for row, called, name in ((reception, "受付", "reception"), (doctor, "診察室", "doctor")):
        row.get_by_label("登録する").check()
        row.get_by_label("呼び名").fill(called)
        row.get_by_label("英数字の名前").fill(name)
    picture(page, "guide-terminals", "main > p", ".found >> nth=-1")
    page.get_by_role("button", name="保存して次へ").click()
    expect(_title(page)).to_have_text("困ったときの連絡先")


def _is_lost_and_comes_back(world: World, page: Page) -> None:
    """Nobody comes over the new settings in time: everything is as before, and the page says so by itself."""
    # The least that a trial may last for the page; people are offered two minutes.
    page.locator("#minutes option").first.evaluate("option => { option.value = '1'; option.selected = true; }")
    page.get_by_role("button", name="試し始める").click()
    expect(page.locator("#began")).to_be_visible()
    until(lambda: observe.status(world)["trial"], "the trial", LONG)
    cable = world.links["notebook", "eth0"]
    cable.unplug()
    await_trial(world, None, LONG)
    cable.replug()
    expect(page.locator(".problems")).to_contain_text("時間内に確認されませんでした。")
    assert history(world)[0]["ending"] == "returned"
    picture(page, "guide-returned", ".problems", ".problems")


def _is_confirmed_over_the_new_settings(world: World, notebook: Machine, page: Page, old: str) -> None:
    page.get_by_label("試す時間").select_option("20")
    page.get_by_role("button", name="試し始める").click()
    expect(page.locator("#began")).to_be_visible()
    await_trial(world, "waiting", LONG)
    cable = world.links["notebook", "eth0"]
    cable.unplug()
    cable.replug()
    until(lambda: _is_within(notebook, addresses.DHCP_FIRST, addresses.DHCP_LAST), "the new address", LONG)

    # A session of before sees the trial, and confirms nothing.
    page.context.add_cookies(
        [{"name": "__Host-session", "value": old, "url": PLANNED, "secure": True, "httpOnly": True}]
    )
    until(lambda: _opens(page, f"{PLANNED}/setup/try"), "the page at its new address", LONG)
    expect(page.get_by_role("button", name="確認して決める")).to_have_count(0)
    page.get_by_role("button", name="ログインし直す").click()
    page.get_by_label("ログイン名").fill("vendor")
    page.get_by_label("パスワード").fill(PASSWORD)
    page.get_by_role("button", name="ログイン", exact=True).click()
    expect(page.get_by_role("button", name="ログアウト")).to_be_visible()

    page.goto(f"{PLANNED}/setup/try")
    observe.await_green(world)
    expect(page.locator("#now li.ok").first).to_be_visible()
    expect(page.locator("#now li:not(.ok)")).to_have_count(0)
    picture(page, "guide-confirm", "#trial")
    page.get_by_role("button", name="確認して決める").click()


def _title(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


def _found(page: Page, mac: str) -> Locator:
    return page.locator(".found").filter(has=page.locator(f'input[value="{mac}"]'))


def _mistyped(code: str) -> str:
    return code[:-1] + ("A" if code[-1] != "A" else "B")


def _opens(page: Page, url: str) -> bool:
    try:
        answer = page.goto(url)
    except Exception:  # Whatever the browser calls it: it is not there yet.
        return False
    return answer is not None and answer.status == 200


def _is_within(machine: Machine, first: IPv4Address, last: IPv4Address) -> bool:
    shown = machine.run("ip", "-4", "address", "show", "dev", terminal.INTERFACE).stdout
    found = re.search(r"inet ([0-9.]+)/", shown)
    return found is not None and first <= IPv4Address(found[1]) <= last
