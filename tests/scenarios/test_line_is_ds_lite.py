"""The line is DS-Lite: the AFTR is found by name, and when it moves, the softwire follows and the tunnels with it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine, access, ds_lite
from tests.lab.lines.ds_lite import AFTR, DsLiteLine
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (DsLiteLine(),)


def test_line_is_ds_lite(clinic: World) -> None:
    assert far_end(clinic) == str(addresses.FAR_ENDS[0].ip)
    for host in MODES:
        clinic.client("reception", host).login()
    moved = addresses.FAR_ENDS[1]
    ds_lite.serve_at(clinic.machines[AFTR], 1)
    access.name_far_end(clinic.machines[access.EDGE], [moved])
    until(lambda: far_end(clinic) == str(moved.ip), "the softwire leads to where the AFTR is now", 90)
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()
    # A restart of ours asks nobody: the way is known, and goes on.
    clinic.kill_appliance()
    clinic.router.run()
    observe.await_green(clinic)
    assert far_end(clinic) == str(moved.ip)
    clinic.client("reception").login()


def far_end(world: World) -> str:
    shown = world.machines["router"].run("ip", "-6", "tunnel", "show", "sk-4.wan").stdout.split()
    return shown[shown.index("remote") + 1]
