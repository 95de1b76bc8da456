"""What the browser's stories are told with: the real page, told by a real JSON-RPC server on a unix socket."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, NamedTuple

from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from appliance.control.dispatch import JSON, Handler, Method, Peer, Stream
from appliance.control.maintaining import shown, ways
from appliance.control.ready import SiteView, Terminal
from appliance.control.roles import ALLOWED, Role
from appliance.control.rpc import RpcServer
from appliance.control.terminals import seconds_for, standings, terminal_named
from appliance.health.board import Board, Expected
from appliance.health.document import Switched, status_document
from appliance.health.model import Evidence
from appliance.intent.model import Maintainer, Maintenance, MaintenanceTarget
from appliance.maintenance.messages import Close, Command, Connection, Key, Open, Seen
from appliance.maintenance.room import Room
from appliance.text import Text
from tests.browser.front import Front
from tests.unit.control.served import dispatcher
from tests.unit.webui import told

REPOSITORY = Path(__file__).resolve().parents[2]
SCREENSHOTS = REPOSITORY / "build" / "screenshots"
TOOLS = REPOSITORY / "build" / "npm" / "node_modules" / ".bin"
"""What `make test-browser` has got by npm."""
CHROMIUM = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-proxy-server",
)
GENEROUS = 60_000
"""Milliseconds: how long a condition may take before the test gives up on it."""

SEEN = (
    ("account.present", ""),
    ("router.settings", ""),
    ("router.clock", ""),
    ("router.engine", "bird"),
    ("router.engine", "dnsmasq"),
    ("wan.carrier", "wan0"),
    ("wan.address", "wan0"),
    ("wan.gateway", "wan0"),
    ("tunnel.path", "dc1"),
    ("tunnel.path", "dc2"),
    ("tunnel.carrying", "dc1"),
    ("engine.proof", "receipt@203.0.113.17"),
    ("engine.proof", "receipt@203.0.113.33"),
    ("engine.proof", "receipt-gate@203.0.113.18"),
    ("certificate.days", "account"),
    ("certificate.days", "identity"),
)
PATHS = ("tunnel.path dc1", "tunnel.path dc2")
PROOFS = tuple(f"{kind} {subject}" for kind, subject in SEEN if kind == "engine.proof")
BROKEN: dict[str, tuple[str, ...]] = {
    "ok": (),
    "warning": ("tunnel.path dc1",),
    "failed": ("wan.carrier wan0", *PATHS, *PROOFS),
    "impostor": PROOFS,
    "unknown": (),
}


NOW = 5000.0
"""Seconds of the daemon's boot clock when everything was seen."""
TERMINALS = tuple(
    Terminal(name, label, f"02:00:00:00:02:1{number}", IPv4Address(f"192.0.2.1{number}"), minutes)
    for number, (name, label, minutes) in enumerate((("reception-1", "受付1", 30), ("office", "事務室", 120)))
)


def status(
    case: str,
    seconds_later: float = 3.0,
    terminals: Sequence[Switched] = (),
    *,
    switch_by_page: bool = False,
    maintenance: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """A status as the daemon would make it of what was seen in each case, one hour after it began.

    terminals: by the boot clock that ends at `NOW` and `seconds_later`.
    """
    board = Board()
    board.expect(
        Expected(
            {"wan": "wan0"}, ("dc1", "dc2"), ("receipt", "receipt-gate"), ("account", "identity"), ("bird", "dnsmasq")
        )
    )
    for kind, subject in () if case == "unknown" else SEEN:
        ok = f"{kind} {subject}" not in BROKEN[case]
        reason = {"failed": "unreachable", "impostor": "wrong-pin"}.get(case, "")
        board.record(Evidence(kind, subject, True, NOW - 1, "", "400"))
        board.record(Evidence(kind, subject, ok, NOW, "" if ok else reason, "400"))
    now = NOW + seconds_later
    board.lights(NOW - 3600)
    return status_document(
        board.lights(now),
        wall_now=datetime.now(UTC),
        boot_now=now,
        clinic=("C-0001", Text("れんげ内科医院", "Renge Clinic")),
        vendor=("みほん電算システム", "03-0000-0000"),
        carrying=board.carrying(now),
        terminals=terminals,
        switch_by_page=switch_by_page,
        maintenance=maintenance,
    )


class Openable(NamedTuple):
    """Of the router's intent what remote maintenance is about."""

    inner_address: IPv4Address
    maintenance: Maintenance


MAINTAINERS = (
    ("vendor", Text("みほん電算システム", "Mihon Systems")),
    ("imaging", Text("画像の保守会社", "Imaging support")),
)
OPENABLE = Openable(
    IPv4Address("203.0.113.129"),
    Maintenance(
        tuple(
            Maintainer(name, (IPv4Address(f"203.0.113.{8 + number}"),)) for number, (name, _) in enumerate(MAINTAINERS)
        ),
        tuple(
            MaintenanceTarget(terminal.name, terminal.address, 3389, 28000 + number)
            for number, terminal in enumerate(TERMINALS)
        ),
    ),
)


class Daemon:
    """The local API in a thread of its own: `start`, `say`, `stop`. Terminals are switched as the settings say."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._case, self._later = "ok", 3.0
        self._left: dict[IPv4Address, float] = {}
        """When each terminal on the internet goes back, on time.monotonic."""
        self._changed = asyncio.Condition()
        self._server: RpcServer | None = None
        self.site = SiteView("ja", None, TERMINALS)
        self.quiet = False
        self._room = Room(ways(OPENABLE))
        self._held: dict[Key, float] = {}
        """When each way in is closed, on time.monotonic."""
        self._came: frozenset[Connection] = frozenset()

    def start(self) -> None:
        handlers: dict[str, Handler] = {
            "status": self._status,
            "subscribe": self._subscribe,
            "history.lights": self._lights,
            "history.outages": self._outages,
            "calendar": self._calendar,
            "terminal.internet": self._internet,
            "terminal.receipt": self._receipt,
            "maintenance.allow": self._allow,
            "maintenance.end": self._end,
        }
        methods = {name: Method(handler, ALLOWED[name]) for name, handler in handlers.items()}
        self._server = RpcServer(self._path, dispatcher(methods), lambda _uid: Role.PAGE)
        self._await(self._server.start())

    def stop(self) -> None:
        if self._server:
            self._await(self._server.stop())
            self._server = None

    def say(self, case: str, seconds_later: float = 3.0) -> None:
        self._await(self._set(case, seconds_later))

    def let_staff_switch(self, may: bool = True) -> None:
        self.site = replace(self.site, switch_by_page=may)
        self._await(self._set(self._case, self._later))

    def let_staff_open(self) -> None:
        """Terminals for remote maintenance."""
        self.site = replace(self.site, maintenance={terminal.name: 60 for terminal in TERMINALS})
        self._await(self._set(self._case, self._later))

    def open(self, terminal: str) -> None:
        """Somebody before another screen lets the first maintainer in."""
        self._await(self._allow({"maintainer": MAINTAINERS[0][0], "terminal": terminal}, None))

    def somebody_comes(self) -> None:
        self._came = frozenset(Connection(key, 40000) for key in self._held)
        self._await(self._set(self._case, self._later))

    def time_is_up(self) -> None:
        """The kernel has sent every terminal back, and let nobody in any longer."""
        self._left.clear()
        self._held.clear()
        self._await(self._set(self._case, self._later))

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _await(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    async def _set(self, case: str, seconds_later: float) -> None:
        async with self._changed:
            self._case, self._later = case, seconds_later
            self._changed.notify_all()

    def _now(self) -> dict[str, Any]:
        left = {address: end - time.monotonic() for address, end in self._left.items()}
        return status(
            self._case,
            self._later,
            standings(self.site, left, NOW + self._later),
            switch_by_page=self.site.switch_by_page,
            maintenance=self._maintenance(),
        )

    def _maintenance(self) -> dict[str, Any] | None:
        held = {key: end - time.monotonic() for key, end in self._held.items()}
        living = frozenset(one for one in self._came if one.key in held)
        self._do(self._room.look(Seen(held, living=living), NOW + self._later))
        return shown(MAINTAINERS, self.site, OPENABLE, self._room.standings())

    def _do(self, commands: Iterable[Command]) -> None:
        for command in commands:
            match command:
                case Open(keys, seconds):
                    self._held |= dict.fromkeys(keys, time.monotonic() + seconds)
                case Close(keys):
                    self._held = {key: end for key, end in self._held.items() if key not in keys}

    async def _status(self, _params: dict[str, Any], _peer: Peer) -> JSON:
        return self._now()

    async def _subscribe(self, _params: dict[str, Any], _peer: Peer) -> Stream:
        async def values() -> AsyncGenerator[JSON, None]:
            while True:
                yield self._now()
                async with self._changed:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), 10)

        return Stream("status", values())

    async def _lights(self, params: dict[str, Any], _peer: Peer) -> JSON:
        return told.lights(time.time(), params["hours"], quiet=self.quiet)

    async def _outages(self, params: dict[str, Any], _peer: Peer) -> JSON:
        return told.outages(time.time(), params["hours"], quiet=self.quiet)

    async def _calendar(self, _params: dict[str, Any], _peer: Peer) -> JSON:
        return told.dates(datetime.now(UTC))

    async def _internet(self, params: dict[str, Any], _peer: Peer) -> JSON:
        terminal = terminal_named(self.site, params["terminal"], as_staff=True)
        self._left[terminal.address] = time.monotonic() + seconds_for(terminal, None)
        await self._set(self._case, self._later)
        return {}

    async def _receipt(self, params: dict[str, Any], _peer: Peer) -> JSON:
        self._left.pop(terminal_named(self.site, params["terminal"], as_staff=True).address, None)
        await self._set(self._case, self._later)
        return {}

    async def _allow(self, params: dict[str, Any], _peer: Peer | None) -> JSON:
        self._do(self._room.allow(params["maintainer"], params["terminal"], 3600))
        await self._set(self._case, self._later)
        return {}

    async def _end(self, params: dict[str, Any], _peer: Peer) -> JSON:
        self._do(self._room.withdraw(params["terminal"]))
        await self._set(self._case, self._later)
        return {}


class WebServer:
    """``python -m webui`` as a process behind the gate, which stays when it is started again."""

    def __init__(self, api: Path) -> None:
        self._socket = api.with_name("http.sock")
        self.front = Front(api.parent, self._socket)
        self._api = api
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return self.front.url

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "webui", "--socket", str(self._socket), "--api", str(self._api)],
            cwd=REPOSITORY,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        while self._process.poll() is None:
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self._socket))
                return
            time.sleep(0.05)
        raise AssertionError("the web server did not start")

    def stop(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def close(self) -> None:
        self.stop()
        self.front.close()


class Watched:
    """A page of which everything that it complains about, and everything that it asks for, is written down."""

    def __init__(self, chromium: Browser, width: int = 1280, height: int = 900, **options: Any) -> None:
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        self.page: Page = chromium.new_context(
            viewport={"width": width, "height": height}, ignore_https_errors=True, **options
        ).new_page()
        self.page.set_default_timeout(GENEROUS)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(request.url))

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def keep(self, name: str) -> None:
        self.page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

    def close(self) -> None:
        self.page.context.close()


def shows(page: Page, state: str, words: str) -> None:
    expect(page.locator(f"#headline.{state} h1")).to_contain_text(words, timeout=GENEROUS)


def nothing_is_cut_off(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))
