"""The line has a fixed address: nobody is asked for one, and all works; a silent upper router is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.fixed import FixedLine
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import MODES, await_light, processes

pytestmark = pytest.mark.namespaces


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (FixedLine(),)


def test_line_is_static(world: World) -> None:
    questions = Capture(world.machines["upper"], "lan0", "udp port 67 or udp port 68")
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    router = world.machines["router"]
    assert processes(router, "dhcpcd") == {}
    shown = router.run("ip", "-4", "-brief", "address", "show", "dev", "wan0").stdout
    assert f"{addresses.LINE_DHCP_FIRST}/28" in shown
    for host in MODES:
        world.client("reception", host).login()

    cable = world.links["router", "wan0"]
    cable.unplug()
    await_light(world, "line", "line.no-cable")
    cable.replug()
    observe.await_green(world)

    upper = world.links["upper", "lan0"]
    upper.cut()
    told = await_light(world, "line", "line.gateway-silent")
    assert told["root"] is None
    upper.mend()
    observe.await_green(world)
    world.client("doctor").login()
    questions.stop()
    assert questions.count("") == 0
