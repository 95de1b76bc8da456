"""A tunnel that is bound to the main line never costs a byte on the mobile one, however long its line is dead."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter, usb_modem
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import await_light, metric

pytestmark = pytest.mark.namespaces

BOUND = '\n[[tunnels]]\nname = "dc1"\nline = "wan"\n'


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (UpperRouter(), usb_modem())


def test_a_bound_tunnel_stays_on_its_line(world: World) -> None:
    settings = world.machines["router"].run("cat", "/etc/sekisho/site.toml").stdout
    world.machines["router"].write("/etc/sekisho/site.toml", settings + BOUND, 0o600)
    world.start_appliance()
    observe.await_green(world)
    to_dc1 = f"udp and host {addresses.CONCENTRATORS[1].outside.ip}"
    capture = Capture(world.machines["modem"], "lan0", to_dc1)
    beyond = world.links["upper", "wan0"]
    beyond.cut()
    until(lambda: observe.status(world)["carrying"] == "dc2", "the other tunnel carries by the other line")
    assert await_light(world, "tunnel", "tunnel.on-spare")["state"] == "warning"
    world.links["router", "wan0"].unplug()
    await_light(world, "line", "line.on-spare")
    assert metric(world, 'sekisho_tunnel_line{line="wan",tunnel="dc1"}') == 1
    world.links["router", "wan0"].replug()
    beyond.mend()
    await_light(world, "tunnel", "tunnel.ok", limit=150)
    capture.stop()
    assert capture.lines() == []
