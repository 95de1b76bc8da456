"""The line is PPPoE: the router logs in, its tunnels fit into the session, and it comes back after every loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.pppoe import PppoeLine
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, await_light, light, metric, processes

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

LINE = PppoeLine()
SESSION = "ppp-wan"
ROOM = addresses.PPPOE_MTU - 60
"""Bytes in a tunnel: 20 of IPv4, 8 of UDP and 32 of WireGuard go around them."""
OTHER = IPv4Address("198.51.100.140")


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (LINE,)


def test_line_is_pppoe(clinic: World) -> None:
    router = clinic.machines["router"]
    assert session_address(clinic) == str(addresses.PPPOE_CLIENT)
    assert mtu(clinic, SESSION) == addresses.PPPOE_MTU
    assert {mtu(clinic, f"sk-{tunnel}") for tunnel in ("dc1", "dc2")} == {ROOM}
    assert router.run("ip", "-brief", "-4", "address", "show", "dev", "wan0").stdout == ""
    assert router.run("ip", "-brief", "-6", "address").stdout.split("\n")[1:] == [""]
    assert router.read("/etc/resolv.conf") == "# written by the DHCP client\n"
    for tunnel in ("dc1", "dc2"):
        assert metric(clinic, f'sekisho_tunnel_mtu_bytes{{tunnel="{tunnel}"}}') == ROOM
    for host in MODES:
        clinic.client("reception", host).login()
    assert addresses.PPPOE_PASSWORD not in router.run("ps", "-eww", "-o", "args=").stdout


def test_password_is_missing_then_wrong_then_right(world: World) -> None:
    router = world.router
    router.run()
    router.import_account(world.account)
    refused = router.sekisho("apply", check=False)
    assert refused.returncode == 1
    assert "sekisho line password wan" in refused.stderr
    router.log_in("wan", "not the password")
    router.apply()
    told = await_light(world, "line", "line.login-refused")
    assert told["state"] == "failed"
    assert "パスワード" in told["summary"]["ja"]
    assert light(world, "router")["cause"] == "router.ok"
    router.log_in("wan", addresses.PPPOE_PASSWORD)
    observe.await_green(world, limit=150)
    kept = router.machine.run("grep", "-rlF", "pass\\word", "/etc", "/var/lib/sekisho", "/run/sekisho", check=False)
    assert kept.stdout == ""


def test_session_dies_and_comes_back_with_another_address(clinic: World) -> None:
    router, provider = clinic.machines["router"], clinic.machines[LINE.name]
    old = session_address(clinic)
    LINE.fall_silent(provider)
    told = await_light(clinic, "line", "line.no-server", limit=150)
    assert told["root"] is None
    assert light(clinic, "tunnel")["root"] == "line"
    replace(LINE, first=OTHER).serve(provider)
    until(lambda: session_address(clinic) == str(OTHER), "the session is back with another address", 120)
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()
    assert f"src={old}" not in router.run("conntrack", "--dump").stdout
    assert f"src={OTHER}" in router.run("conntrack", "--dump").stdout
    assert metric(clinic, 'sekisho_tunnel_mtu_bytes{tunnel="dc1"}') == ROOM


def test_pppd_is_killed(clinic: World) -> None:
    """It leaves neither a lease that lies nor a line that stays down."""
    router = clinic.machines["router"]
    (pid,) = processes(router, "pppd file")
    router.run("kill", "-KILL", str(pid))
    until(lambda: not set(processes(router, "pppd file")) <= {pid}, "pppd runs again", 60)
    until(lambda: session_address(clinic) != "", "the session is back", 120)
    observe.await_green(clinic)
    clinic.client("reception").login()


def session_address(clinic: World) -> str:
    shown = clinic.machines["router"].run("ip", "-4", "-brief", "address", "show", "dev", SESSION, check=False)
    words = shown.stdout.split()
    return words[2].partition("/")[0] if len(words) > 2 else ""


def mtu(clinic: World, interface: str) -> int:
    return int(clinic.machines["router"].read(f"/sys/class/net/{interface}/mtu"))
