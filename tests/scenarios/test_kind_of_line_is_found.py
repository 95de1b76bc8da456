"""The vendor asks what kind of line this is: he gets a verdict and what to write, and the line notices nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab import addresses, observe
from tests.lab.wires import Capture
from tests.lab.world import World

pytestmark = pytest.mark.namespaces


def find(world: World, *options: str) -> dict[str, Any]:
    done = world.router.sekisho("line", "find", "--json", *options, check=False)
    finding: dict[str, Any] = json.loads(done.stdout)
    assert done.returncode == (0 if finding["ways"] else 1), done.stderr
    return finding


def test_behind_an_upper_router(world: World) -> None:
    """Before anything has been applied: the table of the boot is closed, the port has no address."""
    router = world.machines["router"]
    world.router.run()
    requests = Capture(world.machines["upper"], "lan0", "udp src port 68")
    finding = find(world)
    assert finding["code"] == "dhcp"
    assert str(addresses.UPPER_LAN.ip) in finding["ways"][0]["why"]["ja"]
    assert finding["ways"][0]["toml"].splitlines() == ['kind = "dhcp"', 'interface = "wan0"']
    assert finding["warnings"] == []
    assert router.run("ip", "-4", "-brief", "address", "show", "dev", "wan0").stdout == ""
    requests.stop()
    # The message type is the first option, 240 bytes behind the UDP header: questions (1), never a request (3).
    assert requests.count("udp[250] = 1") >= 1
    assert requests.count("udp[250] != 1") == 0


def test_while_everything_is_at_work(clinic: World) -> None:
    with observe.Session(clinic) as session:
        assert find(clinic, "--interface", "wan0")["code"] == "dhcp"
        session.exchange()
    observe.await_green(clinic)


def test_without_a_cable_and_without_an_answer(world: World) -> None:
    world.router.run()
    cable = world.links["router", "wan0"]
    cable.cut()
    assert find(world)["code"] == "silent"
    cable.mend()
    cable.unplug()
    assert find(world)["code"] == "no-cable"
    said = world.router.sekisho("line", "find", "--interface", "wan7", check=False)
    assert said.returncode == 1
    assert "wan7" in said.stderr


def test_overlap_is_told_before_it_hurts(world: World) -> None:
    site = world.router.machine.read("/etc/sekisho/site.toml")
    world.router.machine.write("/etc/sekisho/site.toml", site.replace("192.0.2.1/26", "192.0.2.1/25"), 0o600)
    world.router.run()
    assert [warning["code"] for warning in find(world)["warnings"]] == ["overlap"]
