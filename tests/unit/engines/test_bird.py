"""What we tell BIRD, and that a real BIRD does by it what the promise says."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from appliance import paths
from appliance.engines import bird, process
from appliance.engines.bird import Standing
from appliance.engines.bird_control import BirdControl
from appliance.engines.supervise import Supervisor
from appliance.errors import SekishoError
from appliance.intent.compile import compile as compile_intent
from appliance.intent.model import RouterIntent
from tests.builders import lab_account, lab_site, lab_tunnel
from tests.golden import golden

GOLDEN = Path(__file__).with_name("golden")
FIRST, SECOND = ({"dc1": Standing(first), "dc2": Standing(second)} for first, second in ((200, 190), (190, 200)))
ENGINES = IPv4Network("203.0.113.0/25")


@pytest.fixture
def intent() -> RouterIntent:
    return compile_intent(lab_account(), lab_site())


def test_the_configuration(intent: RouterIntent) -> None:
    rendered = bird.render(intent, FIRST)
    assert rendered == golden(GOLDEN / "bird.conf", rendered)


def test_only_preferences_differ_between_two_orders(intent: RouterIntent) -> None:
    before, after = bird.render(intent, FIRST).splitlines(), bird.render(intent, SECOND).splitlines()
    assert {old.strip() for old, new in zip(before, after, strict=True) if old != new} == {
        "preference 200;",
        "preference 190;",
    }


def test_bird_itself_accepts_several_prefixes_and_a_name_with_dashes(tmp_path: Path) -> None:
    account = lab_account(
        tunnels=[lab_tunnel(1, name="a-b-static", allowed_prefixes=["203.0.113.64/26", "203.0.113.0/26"])]
    )
    text = bird.render(compile_intent(account, lab_site()), {"a-b-static": Standing(7, mtu=1280)})
    assert text.count(" bfd { krt_mtu = 1280; };") == 2
    (tmp_path / "bird.conf").write_text(text)
    subprocess.run(["bird", "-p", "-c", str(tmp_path / "bird.conf")], check=True, timeout=20)


def until(condition: Callable[[], bool], limit: float = 40.0) -> None:
    end = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.05)


def run(*argv: str, stdin: str | None = None) -> str:
    return subprocess.run(argv, check=True, input=stdin, capture_output=True, text=True, timeout=20).stdout


class World:
    """Our end of both tunnels (wireguard-go) in this namespace, each concentrator in one of its own."""

    def __init__(self, intent: RouterIntent) -> None:
        self.tunnels = intent.tunnels
        key = run("wg", "genkey").strip()
        for number, tunnel in enumerate(intent.tunnels, 1):
            far = f"dc{number}"
            near_line, far_line = f"198.51.100.{number * 4 + 1}", f"198.51.100.{number * 4 + 2}"
            run("ip", "netns", "add", far)
            run("ip", "link", "add", f"wan{number}", "type", "veth", "peer", "name", "line", "netns", far)
            run("ip", "addr", "add", f"{near_line}/30", "dev", f"wan{number}")
            run("ip", "link", "set", f"wan{number}", "up")
            run("ip", "-n", far, "addr", "add", f"{far_line}/30", "dev", "line")
            run("ip", "-n", far, "link", "set", "line", "up")
            far_key = run("wg", "genkey").strip()
            self._end(None, tunnel.interface, key, far_key, f"{far_line}:51820", "0.0.0.0/0")
            run(
                "ip",
                "addr",
                "add",
                f"{tunnel.inner_address}/32",
                "peer",
                str(tunnel.peer_address),
                "dev",
                tunnel.interface,
            )
            run("ip", "link", "set", tunnel.interface, "up")
            self._end(far, f"wg-{far}", far_key, key, None, f"{tunnel.inner_address}/32")
            run(
                *("ip", "-n", far, "addr", "add", f"{tunnel.peer_address}/32"),
                *("peer", str(tunnel.inner_address), "dev", f"wg-{far}"),
            )
            run("ip", "-n", far, "link", "set", f"wg-{far}", "up")
            self._concentrator(far, str(tunnel.peer_address), str(tunnel.inner_address))
        for route in intent.routes:
            way = ["dev", route.interface] if route.interface else []
            kind = [] if route.interface else ["unreachable"]
            run(
                *("ip", "route", "add", *kind, str(route.destination), *way),
                *("table", str(route.table), "metric", str(route.metric)),
            )
        for rule in intent.rules:
            what = ["to", str(rule.destination)] if rule.destination else ["fwmark", str(rule.mark)]
            run("ip", "rule", "add", "pref", str(rule.priority), *what, "lookup", str(rule.table))

    def _end(
        self, namespace: str | None, name: str, key: str, peer_key: str, endpoint: str | None, allowed: str
    ) -> None:
        enter = ["ip", "netns", "exec", namespace] if namespace else []
        subprocess.run(
            [*enter, "wireguard-go", name],
            check=True,
            timeout=20,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "WG_I_PREFER_BUGGY_USERSPACE_TO_POLISHED_KMOD": "1"},
        )
        peer = run("wg", "pubkey", stdin=peer_key).strip()
        way = f"Endpoint = {endpoint}\nPersistentKeepalive = 1\n" if endpoint else ""
        listen = "" if endpoint else "ListenPort = 51820\n"
        text = f"[Interface]\nPrivateKey = {key}\n{listen}[Peer]\nPublicKey = {peer}\nAllowedIPs = {allowed}\n{way}"
        run(*enter, "wg", "setconf", name, "/dev/stdin", stdin=text)

    def _concentrator(self, far: str, own: str, clinic: str) -> None:
        config = Path(f"/run/{far}.conf")
        config.write_text(
            f"router id {own};\n"
            "protocol device {}\n"
            f'protocol bfd {{ accept ipv4 direct; interface "wg-*" {{ interval 50 ms; multiplier 4; }}; }}\n'
            f"protocol static {{ ipv4; route {clinic}/32 via {clinic}%'wg-{far}' bfd; }}\n"
        )
        run("ip", "netns", "exec", far, "bird", "-c", str(config), "-s", f"/run/{far}.ctl")

    def cut(self, number: int) -> None:
        run("ip", "-n", f"dc{number}", "link", "set", "line", "down")

    def mend(self, number: int) -> None:
        run("ip", "-n", f"dc{number}", "link", "set", "line", "up")


def kernel_route() -> str:
    return run("ip", "route", "show", "table", "51", "proto", "bird").strip()


def session_starts() -> list[str]:
    shown = run("birdc", "-s", str(paths.BIRD_SOCKET), "show", "bfd", "sessions").splitlines()
    return sorted(" ".join(line.split()[:4]) for line in shown if "sk-" in line)


@pytest.mark.isolated
def test_bird_moves_the_route_and_leaves_it_when_it_dies(intent: RouterIntent) -> None:
    world = World(intent)
    supervisor = Supervisor(paths.RUN)
    control = BirdControl()

    def order(standings: Mapping[str, Standing]) -> list[str]:
        return [change.text.en for change in supervisor.apply([bird.bird_spec(intent, standings)])]

    with pytest.raises(SekishoError, match="bird-silent"):
        control.bfd_sessions()
    assert order(FIRST) == ["start the routing daemon (BIRD)"]
    until(lambda: paths.BIRD_SOCKET.exists() and control.bfd_sessions() == {"sk-dc1": True, "sk-dc2": True})
    until(lambda: control.carrying(ENGINES) == "sk-dc1")
    assert control.carrying(IPv4Network("192.0.2.0/24")) is None
    until(lambda: kernel_route().startswith("203.0.113.0/25 via 203.0.113.1 dev sk-dc1 src 203.0.113.129 metric 32"))
    assert order(FIRST) == []

    # A new order moves the route and leaves the sessions as they were.
    starts = session_starts()
    assert order(SECOND) == ["have the routing daemon (BIRD) read its new settings"]
    until(lambda: control.carrying(ENGINES) == "sk-dc2" and "dev sk-dc2" in kernel_route())
    assert session_starts() == starts

    # A narrower path is a property of the route, and drained is what nobody watches: neither moves anything.
    assert order({**SECOND, "dc2": Standing(200, mtu=1300)}) == ["have the routing daemon (BIRD) read its new settings"]
    until(lambda: "dev sk-dc2" in kernel_route() and "mtu 1300" in kernel_route())
    order({"dc1": Standing(190, watched=False), "dc2": Standing(200)})
    until(lambda: control.bfd_sessions() == {"sk-dc2": True} and "mtu" not in kernel_route())
    assert "dev sk-dc2" in kernel_route()
    # What nobody watches carries when nothing else does.
    world.cut(2)
    until(lambda: "dev sk-dc1" in kernel_route())
    world.mend(2)
    until(lambda: "dev sk-dc2" in kernel_route())
    order(SECOND)
    until(lambda: control.bfd_sessions() == {"sk-dc1": True, "sk-dc2": True})

    # BFD moves it away from a dead path by itself, and back.
    world.cut(2)
    until(lambda: control.carrying(ENGINES) == "sk-dc1" and "dev sk-dc1" in kernel_route())
    assert control.bfd_sessions() == {"sk-dc1": True, "sk-dc2": False}
    world.mend(2)
    until(lambda: control.carrying(ENGINES) == "sk-dc2" and "dev sk-dc2" in kernel_route())

    # Killed, it leaves the route; the next one takes over.
    record = process.read_record(paths.ENGINES / "bird.run")
    assert record is not None
    os.kill(record.process.pid, signal.SIGKILL)
    until(lambda: supervisor.check() == {"bird": False})
    assert "dev sk-dc2" in kernel_route()
    assert len(supervisor.revive(0.0)) == 1
    until(lambda: control_answers(control) and control.carrying(ENGINES) == "sk-dc2" and "dev sk-dc2" in kernel_route())

    # With no living path nothing but the floor is left: refused at once.
    world.cut(1)
    world.cut(2)
    until(lambda: kernel_route() == "")
    assert control.carrying(ENGINES) is None
    refused = subprocess.run(["ip", "route", "get", "203.0.113.17"], capture_output=True, text=True, timeout=20)
    assert "No route to host" in refused.stderr
    world.mend(1)
    until(lambda: "dev sk-dc1" in kernel_route())

    # Stopped in order, it leaves the last route too.
    supervisor.stop_all()
    assert "dev sk-dc1" in kernel_route()


def control_answers(control: BirdControl) -> bool:
    try:
        control.bfd_sessions()
    except SekishoError:
        return False
    return True
