"""What people, monitoring and instruments see of a running world: shared by the demo, scenarios and benchmarks."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Set
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.exceptions import ConnectionClosed

from tests.lab import addresses
from tests.lab.waiting import until
from tests.lab.world import World

METRICS_PORT = 9464
CHROMIUM = "/usr/bin/chromium"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def status(world: World) -> dict[str, Any]:
    """What ``sekisho status --json`` prints on the router. Raises SekishoError."""
    document = world.router.ask("status")
    assert isinstance(document, dict)
    return document


def light_states(world: World) -> dict[str, str]:
    return {light["name"]: light["state"] for light in status(world)["lights"]}


def cause(world: World, light: str, part: str) -> str:
    """The cause that the board gives for one part of a light, such as a service of ``engine``."""
    lights = {item["name"]: item for item in status(world)["lights"]}
    return next(str(item["cause"]) for item in lights[light]["parts"] if item["name"] == part)


def await_green(world: World, limit: float = 90.0, but: Set[str] = frozenset()) -> None:
    """but: causes that may stand beside, such as that of an attacker's knocking, which is told for ten minutes."""

    def green() -> bool:
        return all(light["state"] == "ok" or light["cause"] in but for light in status(world)["lights"])

    try:
        until(green, "all lights green", limit, pause=0.25)
    except TimeoutError as error:
        raise TimeoutError(f"{error}: {json.dumps(status(world)['lights'], ensure_ascii=False)[:3000]}") from None


def scrape(world: World) -> str:
    """GET /metrics from the monitoring host, through whichever tunnel carries."""
    core = world.machines["core"]
    with core.socket() as connection:
        connection.settimeout(10)
        connection.bind((str(addresses.MONITORING.ip), 0))
        connection.connect((str(addresses.CLINIC_INNER), METRICS_PORT))
        connection.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    head, _, body = answer.partition(b"\r\n\r\n")
    if b" 200 " not in head.splitlines()[0]:
        raise ValueError(head.splitlines()[0].decode())
    return body.decode()


def promtool_check(exposition: str) -> None:
    """Raises ValueError with promtool's complaints."""
    done = subprocess.run(
        ["promtool", "check", "metrics"], input=exposition, capture_output=True, text=True, timeout=30, check=False
    )
    if done.returncode != 0:
        raise ValueError(done.stdout + done.stderr)


def photograph(url: str, file: Path) -> str:
    """Open the page in headless Chromium, keep a picture, return its headline."""
    from playwright.sync_api import sync_playwright

    file.parent.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_ARGUMENTS)
        # The device's own certificate, which a person has compared.
        page = browser.new_page(viewport={"width": 1100, "height": 900}, locale="ja-JP", ignore_https_errors=True)
        page.goto(url)
        headline = page.locator("h1, [role=status]").first.inner_text()
        page.screenshot(path=file, full_page=True)
        browser.close()
    return " ".join(headline.split())


class Session:
    """One open TLS connection of the reception to an engine, in use before and after."""

    def __init__(self, world: World, host: str = addresses.RECEIPT_HOST) -> None:
        self._host = host
        self._subscription = world.client("reception", host).subscribe()

    def exchange(self, limit: float = 20.0) -> None:
        """Ask something on the open connection and wait for the answer.

        Raises TimeoutError when nobody answers, ConnectionResetError when somebody ends the connection.
        """
        connection = self._subscription.connection
        try:
            answered = connection.ping(ack_on_close=True).wait(limit)
        except ConnectionClosed:
            answered = True
        if not answered:
            raise TimeoutError(f"the open session with {self._host} is dead")
        if connection.close_code is not None:
            raise ConnectionResetError(f"the open session with {self._host} was ended")

    def __enter__(self) -> Self:
        self.exchange()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._subscription.close()


def _text(line: str | bytes) -> str:
    return line.decode() if isinstance(line, bytes) else line
