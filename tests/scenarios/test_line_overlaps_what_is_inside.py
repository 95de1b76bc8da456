"""The line hands out addresses that are somebody's inside: it is left alone, the LAN is whole, a light says why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import await_light, light

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

USUAL = UpperRouter()
IN_THE_LAN = replace(
    USUAL,
    inside=IPv4Interface("192.0.2.49/28"),
    first=IPv4Address("192.0.2.52"),
    last=IPv4Address("192.0.2.58"),
)
"""A part of the LAN: its route would be the better one."""
IN_THE_DATA_CENTER = replace(
    USUAL,
    inside=IPv4Interface("203.0.113.20/28"),
    first=IPv4Address("203.0.113.21"),
    last=IPv4Address("203.0.113.28"),
)
"""Where the engines are."""


@pytest.fixture
def lines(request: pytest.FixtureRequest) -> Sequence[AccessLine]:
    return (IN_THE_LAN if request.node.name == "test_upper_router_uses_the_lan_s_addresses" else USUAL,)


def test_upper_router_uses_the_lan_s_addresses(world: World) -> None:
    router = world.machines["router"]
    world.start_appliance()
    told = await_light(world, "line", "line.overlap")
    assert told["state"] == "failed"
    assert "192.0.2.48/28" in told["summary"]["ja"]
    assert str(addresses.LAN) in told["summary"]["ja"]
    until(lambda: wan_addresses(world) == "", "the address is given back")
    assert light(world, "router")["cause"] == "router.ok"
    assert light(world, "tunnel")["root"] == "line"

    # The LAN is whole: leases, names, and answers to the part of it that the line has claimed.
    world.lease_terminals()
    neighbour = world.machines["lan-attacker"]
    neighbour.run("ping", "-c", "3", "-w", "10", str(addresses.ROUTER_LAN.ip))
    assert "dev lan0" in router.run("ip", "route", "get", str(addresses.LAN_ATTACKER.ip)).stdout
    finding = world.router.sekisho("line", "find", "--json", check=False).stdout
    assert '"overlap"' in finding

    renumber(world, IN_THE_LAN, USUAL)
    observe.await_green(world)
    world.client("reception").login()


def test_upper_router_moves_into_the_data_center_s_addresses(clinic: World) -> None:
    world, upper = clinic, clinic.machines["upper"]
    inside = f"(dst net {addresses.LAN} or dst net {addresses.DATA_CENTER}) and not udp port 67"
    leaks = Capture(upper, "lan0", f"ip and ether src {addresses.ROUTER_WAN_MAC} and {inside}")
    renumber(world, USUAL, IN_THE_DATA_CENTER)
    world.links["router", "wan0"].unplug()
    world.links["router", "wan0"].replug()
    assert str(addresses.DATA_CENTER) in await_light(world, "line", "line.overlap")["summary"]["en"]
    until(lambda: wan_addresses(world) == "", "the address is given back")
    leaks.stop()
    assert leaks.count("") == 0
    renumber(world, IN_THE_DATA_CENTER, USUAL)
    observe.await_green(world)
    world.client("reception").login()


def renumber(world: World, before: UpperRouter, after: UpperRouter) -> None:
    upper = world.machines["upper"]
    upper.ip(f"address del {before.inside} dev lan0\naddress add {after.inside} dev lan0\n")
    upper.run("rm", "-f", "/run/leases")
    after.serve(upper)


def wan_addresses(world: World) -> str:
    return world.machines["router"].run("ip", "-4", "-brief", "address", "show", "dev", "wan0").stdout
