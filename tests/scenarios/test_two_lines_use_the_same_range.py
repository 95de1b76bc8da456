"""Both lines' routers hand out the same addresses: each tunnel goes by its line all the same, and the light tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter, usb_modem
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, Steadily, await_light, light, uses

pytestmark = pytest.mark.namespaces

MODEM = usb_modem()
THE_SAME = replace(MODEM, inside=addresses.UPPER_LAN, first=addresses.LINE_DHCP_FIRST, last=addresses.LINE_DHCP_FIRST)


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (UpperRouter(last=addresses.LINE_DHCP_FIRST), THE_SAME)


def test_two_lines_use_the_same_range(world: World) -> None:
    world.start_appliance()
    told = await_light(world, "line", "line.same-range")
    assert told["state"] == "warning"
    assert str(addresses.UPPER_LAN.network) in told["summary"]["ja"]
    observe.await_green(world, but={"line.same-range"})
    world.lease_terminals()
    until(lambda: uses(world, "dc1", "wan") and uses(world, "dc2", "backup_wan"), "each tunnel has its line")
    for host in MODES:
        world.client("reception", host).login()

    cable = world.links["router", "wan0"]
    with observe.Session(world) as session, Steadily(session.exchange):
        cable.unplug()
        until(lambda: uses(world, "dc1", "backup_wan"), "both tunnels go by the line that is left")
        assert await_light(world, "line", "line.on-spare")["state"] == "warning"
        cable.replug()
        until(lambda: uses(world, "dc1", "wan"), "the tunnel is back on its line", 150)

    modem = world.machines[MODEM.name]
    modem.ip(f"address del {THE_SAME.inside} dev lan0\naddress add {MODEM.inside} dev lan0\n")
    modem.run("rm", "-f", "/run/leases")
    MODEM.serve(modem)
    world.links["router", MODEM.place.port].unplug()
    world.links["router", MODEM.place.port].replug()
    await_light(world, "line", "line.ok")
    assert {part["cause"] for part in light(world, "line")["parts"]} == {"line.ok"}
