"""The upper router hands out another address in the middle of the day: the tunnels follow by themselves."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.lab import observe
from tests.lab.lines.upper import UpperRouter
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES

pytestmark = pytest.mark.namespaces

OTHER = IPv4Address("192.0.2.78")


def test_line_gives_another_address(clinic: World) -> None:
    router, upper = clinic.machines["router"], clinic.machines["upper"]
    old = _wan_address(clinic)
    assert f"src={old}" in router.run("conntrack", "--dump").stdout
    upper.run("rm", "/run/leases")
    replace(UpperRouter(), first=OTHER, last=OTHER).serve(upper)
    # As after a power cut up there: the line goes away for a moment, and the old address is refused.
    clinic.links["router", "wan0"].unplug()
    clinic.links["router", "wan0"].replug()
    until(lambda: _wan_address(clinic) == str(OTHER), "the line has given another address", 60)
    until(lambda: f"src={old}" not in router.run("conntrack", "--dump").stdout, "the old conversations are over")
    observe.await_green(clinic)
    assert f"src={OTHER}" in router.run("conntrack", "--dump").stdout
    for host in MODES:
        clinic.client("reception", host).login()


def _wan_address(clinic: World) -> str:
    shown = clinic.machines["router"].run("ip", "-4", "-brief", "address", "show", "dev", "wan0").stdout.split()
    return shown[2].partition("/")[0] if len(shown) > 2 else ""
