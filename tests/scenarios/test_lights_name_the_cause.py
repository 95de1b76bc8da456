"""Each fault between the router and the data center lights its own lamp; what follows from it is folded under it."""

from __future__ import annotations

import pytest

from tests.lab import observe
from tests.lab.wires import Direction
from tests.lab.world import World
from tests.scenarios.steps import MODES, await_light

pytestmark = pytest.mark.namespaces


def test_lights_name_the_cause(world: World) -> None:
    name_server, line = world.links["internet", "internet"], world.links["router", "wan0"]
    name_server.cut(Direction.TO_MACHINE, match="udp dport 53")
    name_server.cut(Direction.TO_MACHINE, match="tcp dport 53")
    world.start_appliance()
    _is_root(world, "tunnel", "tunnel.name-not-found", explains={"engine"})
    name_server.mend()
    observe.await_green(world)

    line.unplug()
    _is_root(world, "line", "line.no-cable", explains={"tunnel", "engine"})
    line.replug()
    observe.await_green(world)

    # The upper router hangs: its lamp is on and it says nothing.
    line.cut()
    _is_root(world, "line", "line.gateway-silent", explains={"tunnel", "engine"})
    line.mend()
    observe.await_green(world)

    world.lease_terminals()
    for host in MODES:
        world.client("reception", host).login()


def _is_root(world: World, name: str, cause: str, explains: set[str]) -> None:
    found = await_light(world, name, cause)
    assert (found["state"], found["root"]) == ("failed", None)
    status = observe.status(world)
    assert status["lights"][0]["name"] == name
    assert status["headline"]["state"] == "failed"
    assert found["summary"]["ja"] in status["headline"]["text"]["ja"]
    assert found["summary"]["en"] in status["headline"]["text"]["en"]
    assert {light["name"]: light["root"] for light in status["lights"] if light["root"]} == dict.fromkeys(
        explains, name
    )
