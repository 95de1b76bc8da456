"""The clients of other lines, PPPoE and IPv6, do their work behind the walls of their units, too."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab import observe
from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe import Ipoe
from tests.lab.lines.pppoe import PppoeLine
from tests.lab.units import RouterWithUnits
from tests.lab.world import World

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]


@pytest.fixture(params=[PppoeLine(), Ipoe(tells_resolver=False)], ids=["pppd", "dhcpcd"])
def lines(request: pytest.FixtureRequest) -> Sequence[AccessLine]:
    return (request.param,)


@pytest.fixture
def owns_clock() -> bool:
    return True


def test_units_serve_every_line(world: World, lines: Sequence[AccessLine], request: pytest.FixtureRequest) -> None:
    world.router = router = RouterWithUnits(world.machines["router"])
    world.start_appliance()
    observe.await_green(world, 240)
    client = request.node.callspec.id
    status = router.status_of(f"sekisho-engine-{client}@wan.service")
    assert status["Seccomp"] == "2"
    assert "0" not in status["Uid"].split(), "whatever it believes"
    world.lease_terminals()
    world.client("reception").login()
