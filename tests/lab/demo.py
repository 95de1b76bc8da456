"""`make demo`: a clinic comes alive on this machine, and shows what it proves as it goes.

Everything here is the product itself in the network world of `tests.lab`: the data center's desk
issues an account, the router takes it in, a terminal logs in, an impostor is refused, a
concentrator loses its power. The facts can be written as JSON:
``{"ok": bool, "checks": [{"name", "ok", "detail"}], "lights": {...}, "seconds": {...}}``.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from appliance.files import write_atomically
from tests.lab import addresses, observe
from tests.lab.client import seconds_to_refusal
from tests.lab.filesystem import PROJECT
from tests.lab.ping_log import PingLog
from tests.lab.pki import EngineCertificate
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World

SCREENSHOT = PROJECT / "build" / "screenshots" / "demo-status.png"
REFUSAL_LIMIT = 0.1
"""Seconds: what a person takes for "at once"."""
REFUSED = f"icmp[0] = 3 and icmp[17] = 17 and icmp[30:2] = {addresses.WIREGUARD_PORT}"
"""What a concentrator that is being switched on says to a tunnel's packet: destination unreachable, quoting UDP."""
TUNNELS_ONLY = (
    f"not (udp port {addresses.WIREGUARD_PORT}) and not arp and not (udp port 53) and not (udp port 67) "
    f"and not ({REFUSED})"
)

SERVICES = {addresses.RECEIPT_HOST: "receipt", addresses.RECEIPT_GATE_HOST: "receipt-gate"}
MODES = {"passthrough": addresses.RECEIPT_HOST, "terminate": addresses.RECEIPT_GATE_HOST}


@dataclass
class Facts:
    """What was shown, in the form in which it is written down."""

    checks: list[dict[str, Any]] = field(default_factory=list)
    lights: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return bool(self.checks) and all(check["ok"] for check in self.checks)

    def check(self, name: str, prove: Callable[[], str]) -> None:
        """Run one proof; `prove` returns what it saw, or raises what went wrong."""
        try:
            detail, ok = prove(), True
        except Exception as error:  # a failed check is a fact to report, whatever its kind
            detail, ok = f"{type(error).__name__}: {error}", False
        self.checks.append({"name": name, "ok": ok, "detail": detail})
        _say(f"   {'✔' if ok else '✘'} {name}: {detail}")

    @contextmanager
    def timed(self, name: str, title: str) -> Iterator[None]:
        _say(f"── {title}")
        began = time.monotonic()
        yield
        self.seconds[name] = round(time.monotonic() - began, 2)
        _say(f"   {self.seconds[name]:.1f} s")

    def as_json(self) -> str:
        document = {"ok": self.ok, "checks": self.checks, "lights": self.lights, "seconds": self.seconds}
        return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end when everything has been shown")
    parser.add_argument("--json", type=Path, help="write the facts to this file")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    # A shell starts what it puts in the background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    facts = Facts()
    build = PROJECT / "build"
    build.mkdir(exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="demo-", dir=build) as folder:
            _show(Path(folder), facts, options.once)
    except KeyboardInterrupt:
        _say("\n── Everything that was made is gone again.")
    if options.json:
        write_atomically(options.json, facts.as_json(), 0o644)
    return 0 if facts.ok else 1


def _show(folder: Path, facts: Facts, once: bool) -> None:
    with facts.timed("world", "Building the world: terminals, router, upstream router, internet, two data centers"):
        world = World(folder)
        world.__enter__()
    with world:
        with facts.timed(
            "account", "接続アカウント: the data center's desk issues it, its code is printed on a letter"
        ):
            world.prepare_clinic()
        outside = Capture(world.machines["internet"], "internet", TUNNELS_ONLY, "outside-the-tunnel")
        with facts.timed("green", "Starting Sekisho, importing the account, applying, until every light is green"):
            world.start_appliance()
            observe.await_green(world)
        with facts.timed("terminals", "The terminals ask for their addresses"):
            world.lease_terminals()
        _prove(world, facts, outside, folder)
        facts.lights = observe.light_states(world)
        _say(world.router.sekisho("--lang", "both", "status", check=False).stdout)
        if not once:
            _wait_for_visitors(world)


def _prove(world: World, facts: Facts, outside: Capture, folder: Path) -> None:
    _say("── 受付: a terminal logs in")
    for mode, host in MODES.items():
        facts.check(f"log-in ({mode})", lambda host=host: _log_in(world, host))  # type: ignore[misc]
    _say("── Closed unless proven")
    facts.check("terminal to the internet is refused at once", lambda: _refused_outside(world))
    _impostor(world, facts)
    _say("── Primary concentrator loses its power")
    facts.check("traffic continues by the other data center", lambda: _fail_over(world, facts, folder))
    world.start_concentrator(1)
    observe.await_green(world)
    _say("── What others see")
    facts.check("metrics scraped through the tunnel", lambda: _metrics(world))
    facts.check("no packet of a terminal outside the tunnel", lambda: _nothing_outside(outside))
    facts.check("the page in Chromium", lambda: _page(world))


def _log_in(world: World, host: str) -> str:
    login = world.client("reception", host).login()
    return (
        f"{len(login.seconds)} RPCs, one connection each, {login.tls_version} {login.cipher},"
        f" {sum(login.seconds.values()) * 1000:.0f} ms in all"
    )


def _refused_outside(world: World) -> str:
    seconds = seconds_to_refusal(world.machines["reception"], str(addresses.PUBLIC_WEB.ip), 80)
    if seconds >= REFUSAL_LIMIT:
        raise TimeoutError(f"{seconds * 1000:.0f} ms")
    return f"{seconds * 1000:.1f} ms"


def _impostor(world: World, facts: Facts) -> None:
    """Engines with the right name and a good chain, but another key."""
    for engine in world.engines:
        world.set_engine_certificate(engine, EngineCertificate.WRONG_PIN)
    for mode, host in MODES.items():
        facts.check(f"engine with a wrong pin is refused ({mode})", lambda host=host: _refused(world, host))  # type: ignore[misc]
    for engine in world.engines:
        world.set_engine_certificate(engine, EngineCertificate.GOOD)
    observe.await_green(world)


def _refused(world: World, host: str) -> str:
    service = SERVICES[host]
    until(lambda: observe.cause(world, "engine", service) == "engine.wrong-pin", "the light to name the pin", limit=60)
    machine = world.machines["reception"]
    refusals = []
    for engine in addresses.ENGINES.values():
        place = engine.receipt if host == addresses.RECEIPT_HOST else engine.receipt_gate
        refusals.append(seconds_to_refusal(machine, str(place.ip), addresses.ENGINE_PORT))
    try:
        world.client("reception", host).login()
    except OSError as error:
        return f"both engines, {max(refusals) * 1000:.1f} ms to the refusal; the client says: {error}"
    raise AssertionError("the log-in succeeded")


def _fail_over(world: World, facts: Facts, folder: Path) -> str:
    with observe.Session(world) as session, PingLog(world, folder / "ping.log") as pings:
        # Or what is cut carried nothing, and its blackout is none.
        until(lambda: world.concentrator_in_use() == 1, "concentrator 1 to carry the traffic to begin with")
        began = time.time()
        world.stop_concentrator(1)
        until(lambda: world.concentrator_in_use() == 2, "the core to use concentrator 2")
        session.exchange()
        blackout = pings.longest_gap(began)
    facts.seconds["blackout"] = round(blackout, 3)
    login = world.client("reception").login()
    return f"blackout {blackout * 1000:.0f} ms, an open TLS session went on, {len(login.seconds)} RPCs after it"


def _metrics(world: World) -> str:
    text = observe.scrape(world)
    observe.promtool_check(text)
    return f"{sum(not line.startswith('#') for line in text.splitlines())} series, promtool finds no fault"


def _nothing_outside(outside: Capture) -> str:
    outside.stop()
    strangers = outside.lines()
    if strangers:
        raise AssertionError(f"{len(strangers)} packets, first: {strangers[0]}")
    tunnel = "captured on the internet side during all of the above"
    return f"0 packets, {tunnel}"


def _page(world: World) -> str:
    port = world.relay("reception", str(addresses.ROUTER_LAN.ip), 443)
    words = observe.photograph(f"https://127.0.0.1:{port}/", SCREENSHOT)
    return f"“{words}” ({SCREENSHOT.relative_to(PROJECT)})"


def _wait_for_visitors(world: World) -> None:
    port = world.relay("reception", str(addresses.ROUTER_LAN.ip), 443)
    _say(f"── The status page, as the reception sees it:  https://127.0.0.1:{port}/")
    _say("   Ctrl-C ends the world and removes every trace.")
    signal.pause()


def _say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
