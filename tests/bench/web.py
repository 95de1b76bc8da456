"""The router's page in figures: ``python -m tests.bench.web``.

A clinic at work in the lab's world, with Chromium on one of its machines: how much each page weighs, how soon the
lights are there, and what twenty open pages cost the router. The peer is a model of how LuCI's page keeps up to date,
as its sources publish it: a shell that draws nothing by itself, asks for the state by a request of its script, and
asks again every 5 s. It is built here of the same board and by the same gate, so that nothing but the design differs.
"""

from __future__ import annotations

import contextlib
import http.client
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from operator import attrgetter
from pathlib import Path

from playwright.sync_api import Browser, Page, Request, Route, StorageState

from tests.bench.accounting import process_cpu
from tests.bench.process_memory import Process, processes_on
from tests.bench.run import run
from tests.bench.table import Goal, Row
from tests.browser.inside import browser_on
from tests.browser.parts import GENEROUS
from tests.lab import addresses, observe
from tests.lab.machine import Machine
from tests.lab.page import blind
from tests.lab.router import first_password
from tests.lab.waiting import until
from tests.lab.world import World

ROUNDS = 3
PAGES = 20
OPEN_SECONDS = 60.0
MEETING = 300.0
"""Seconds: how long it may take until all pages are open, on a busy machine too."""
POLL_SECONDS = 5.0
"""Between two requests of the peer's script."""
ADDRESS = str(addresses.ROUTER_LAN.ip)
ROUTER = f"https://{ADDRESS}"
PASSWORD = "kaminari-yane-tokei"
HEAVIEST = Goal("<=", 60)
"""KB (1000 bytes)."""
ROOM = Goal("<=", 40)
"""MB (10^6 bytes)."""
NOBODY = Goal("<=", 0)
NOT_MORE = Goal("<=", 1, of_ratio=True)
WEIGHED = (
    "/",
    "/login",
    "/account",
    "/people",
    "/diagnose",
    *(f"/setup/{step}" for step in ("account", "wan", "lan", "terminals", "vendor", "try", "report")),
)
HOW = (
    "the page of a router at work, by the gate's TLS; KB are 1000 bytes with heads, as served (nothing is compressed), "
    "nothing in the browser's cache; peer: a model of LuCI's polling, a shell and a request of its script every 5 s, "
    "of the same board by the same gate"
)

_PAGE = "python -m webui"
_GATE = "python -m appliance.gate"
_OURS = (_PAGE, _GATE, "sekisho run")
_LIGHTS = """() => {
  const look = () => {
    const lit = document.querySelector("#headline .sentence svg");
    requestAnimationFrame(lit ? () => { window.lit = performance.now(); } : look);
  };
  look();
}"""
_SHELL = """<!doctype html><html lang="ja"><head><meta charset="utf-8"><link rel="stylesheet" href="{style}">
<script src="/peer.js" defer></script></head><body><main><div id="board"></div></main></body></html>"""
_POLLS = """const ask = async () => {
  document.getElementById("board").innerHTML = await (await fetch("/lights", { cache: "no-store" })).text();
};
ask(); setInterval(ask, 5000);"""


def measure(directory: Path, rounds: int) -> list[Row]:
    with World(directory / "world") as world:
        world.prepare_clinic()
        world.start_appliance()
        observe.await_green(world)
        world.lease_terminals()
        label = world.router.sekisho("access", "first-password").stdout
        with browser_on(world.machines["reception"], directory) as browser:
            rows = [*_weights(browser, label), *_first_light(browser, rounds)]
        return [*rows, *_open_pages(world, rounds)]


# ---- weight -----------------------------------------------------------------------------------------------


def _weights(browser: Browser, label: str) -> Iterator[Row]:
    asked: list[str] = []
    with _session(browser) as page:
        _log_in(page, label)
        vendor = page.context.storage_state()
    for path in WEIGHED:
        with _session(browser, None if path == "/login" else vendor) as page:
            yield Row(f"weight of {path} with all that it asks for", "KB", _weight(page, path, asked), goal=HEAVIEST)
    with _session(browser) as page:
        yield Row("weight of each later update of /: the whole board", "KB", _weight(page, "/lights", asked))
    strangers = [url for url in asked if not url.startswith(ROUTER)]
    yield Row("requests of all these pages to anybody else", "requests", len(strangers), goal=NOBODY)


def _weight(page: Page, path: str, asked: list[str]) -> float:
    """In KB. asked: where what it asks for is noted."""
    answered: list[Request] = []
    page.on("requestfinished", lambda request: answered.append(request))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{ROUTER}{path}")
    page.wait_for_load_state("load")
    if page.url != f"{ROUTER}{path}":
        raise RuntimeError(f"{path} led to {page.url}")
    sizes = [request.sizes() for request in answered]
    return sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes) / 1e3


def _log_in(page: Page, label: str) -> None:
    first = first_password(label)
    page.goto(f"{ROUTER}/login")
    page.locator("input[name=name]").fill("vendor")
    page.locator("input[name=password]").fill(first)
    page.locator("main form button[type=submit]").first.click()
    page.locator("input[name=old]").fill(first)
    for name in ("new", "again"):
        page.locator(f"input[name={name}]").fill(PASSWORD)
    page.locator("form[action='/account/password'] button").click()
    page.locator("#said").wait_for()


@contextmanager
def _session(browser: Browser, state: StorageState | None = None) -> Iterator[Page]:
    """A browser that has never been here, but for its cookies. state: those."""
    context = browser.new_context(ignore_https_errors=True, locale="ja-JP", storage_state=state)
    context.set_default_timeout(GENEROUS)
    try:
        yield context.new_page()
    finally:
        context.close()


# ---- the first light ----------------------------------------------------------------------------------------


def _first_light(browser: Browser, rounds: int) -> Iterator[Row]:
    ours, peer = list[float](), list[float]()
    for _ in range(5 * rounds):
        ours.append(_lit(browser, f"{ROUTER}/", shell=False))
        peer.append(_lit(browser, f"{ROUTER}/peer", shell=True))
    yield Row(
        "time to the first light: from navigation until it is painted, cold, median",
        "ms",
        statistics.median(ours),
        statistics.median(peer),
        NOT_MORE,
    )


def _lit(browser: Browser, url: str, shell: bool) -> float:
    """Milliseconds. shell: the peer's, which comes from nowhere and costs nothing; only what it asks for does."""
    with _session(browser) as page:
        if shell:
            page.route("**/peer", lambda route: _answer(route, _SHELL.format(style="/static/style.css"), "text/html"))
            page.route("**/peer.js", lambda route: _answer(route, _POLLS, "text/javascript"))
        page.add_init_script(f"({_LIGHTS})()")
        page.goto(url, wait_until="commit")
        page.wait_for_function("() => window.lit")
        return float(page.evaluate("() => window.lit"))


def _answer(route: Route, body: str, kind: str) -> None:
    route.fulfill(body=body, content_type=kind)


# ---- twenty open pages ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Minute:
    """Seconds of the processor, of all of ours and of the page's process; its memory at the end, in MB."""

    everybody: float
    page: float
    memory: float


def _open_pages(world: World, rounds: int) -> Iterator[Row]:
    machine = world.machines["reception"]
    processes = {process.name: process for process in processes_on(world.router.machine) if process.name in _OURS}
    if set(processes) != set(_OURS):
        raise RuntimeError(f"not there: {set(_OURS) - set(processes)}")
    nobody, ours, peer = list[_Minute](), list[_Minute](), list[_Minute]()
    for _ in range(rounds):
        nobody.append(_minute(processes))
        at_rest = _descriptors(processes[_GATE])
        for visit, minutes in ((_follow, ours), (_poll, peer)):
            with _visitors(machine, visit):
                minutes.append(_minute(processes))
            # Whoever goes is noticed when he is told something next, and has his place as long.
            until(partial(_has_let_go, processes[_GATE], at_rest), "the gate to let everybody go", MEETING)

    def median(minutes: Sequence[_Minute], figure: Callable[[_Minute], float]) -> float:
        return statistics.median(map(figure, minutes))

    everybody, page, memory = attrgetter("everybody"), attrgetter("page"), attrgetter("memory")
    what = f"processor time of page, gate and daemon in {OPEN_SECONDS:.0f} s"
    yield Row(f"{what}, {PAGES} pages open", "s", median(ours, everybody), median(peer, everybody), NOT_MORE)
    yield Row(f"{what}, none open", "s", median(nobody, everybody))
    what = f"processor time of the page's process in {OPEN_SECONDS:.0f} s"
    yield Row(f"{what}, {PAGES} pages open", "s", median(ours, page), median(peer, page), NOT_MORE)
    yield Row(f"{what}, none open", "s", median(nobody, page))
    what = "memory of the page's process (PSS)"
    yield Row(f"{what}, {PAGES} pages open", "MB", median(ours, memory), median(peer, memory), ROOM)
    yield Row(f"{what}, none open", "MB", median(nobody, memory))


def _minute(processes: Mapping[str, Process]) -> _Minute:
    before = {name: process_cpu(process.pid) for name, process in processes.items()}
    time.sleep(OPEN_SECONDS)
    spent = {name: process_cpu(process.pid) - before[name] for name, process in processes.items()}
    return _Minute(sum(spent.values()), spent[_PAGE], processes[_PAGE].pss / 1e6)


def _has_let_go(gate: Process, at_rest: int) -> bool:
    return _descriptors(gate) <= at_rest


def _descriptors(process: Process) -> int:
    return len(list(Path("/proc", str(process.pid), "fd").iterdir()))


@contextmanager
def _visitors(machine: Machine, visit: Callable[[http.client.HTTPSConnection, threading.Event], int]) -> Iterator[None]:
    """`PAGES` of them, who have come one after another before the block begins. Each must hear of the router."""
    over = threading.Event()
    with ThreadPoolExecutor(PAGES) as pool, contextlib.ExitStack() as stack:
        stack.callback(over.set)
        heard = []
        for _ in range(PAGES):
            connection = stack.enter_context(contextlib.closing(_Connection(machine)))
            # A machine that is busy with other things lets the page say meanwhile that nobody answers it.
            until(partial(_ask, connection, "/"), "the page", MEETING, pause=1.0)
            heard.append(pool.submit(visit, connection, over))
        yield
        over.set()
        if any(count.result() == 0 for count in heard):
            raise RuntimeError("somebody heard nothing of the router")


def _follow(connection: http.client.HTTPSConnection, over: threading.Event) -> int:
    """As our page does. Returns how many boards came."""
    connection.request("GET", "/events?lang=ja", headers={"Host": ADDRESS})
    stream, boards = connection.getresponse(), 0
    while not over.is_set():
        boards += stream.readline().startswith(b"data: </footer>")
    return boards


def _poll(connection: http.client.HTTPSConnection, over: threading.Event) -> int:
    """As the peer does, by one connection as browsers do. Returns how many boards came."""
    boards = 0
    while not over.wait(POLL_SECONDS):
        boards += b"</footer>" in _ask(connection, "/lights?lang=ja")
    return boards


def _ask(connection: http.client.HTTPSConnection, path: str) -> bytes:
    """Empty: what it got is not what it asked for."""
    connection.request("GET", path, headers={"Host": ADDRESS})
    answer = connection.getresponse()
    body = answer.read()
    return body if answer.status == 200 else b""


class _Connection(http.client.HTTPSConnection):
    """From a machine of the world. One that was closed meanwhile is opened anew, as browsers do."""

    def __init__(self, machine: Machine) -> None:
        super().__init__(ADDRESS)
        self._machine = machine

    def connect(self) -> None:
        tcp = self._machine.connect(ADDRESS, 443, GENEROUS / 1000)
        self.sock = blind().wrap_socket(tcp, server_hostname=ADDRESS)


if __name__ == "__main__":
    run("web", HOW, measure, ROUNDS, {"chromium": ("chromium", "--version")})
