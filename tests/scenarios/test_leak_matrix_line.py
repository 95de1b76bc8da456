"""Leak matrix: two lines, only the second, and a line that gives another address."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from tests.lab import observe
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter, usb_modem
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.leaks.matrix import Matrix, State
from tests.scenarios.leaks.places import Map

pytestmark = pytest.mark.namespaces

OTHER = IPv4Address("192.0.2.78")


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return UpperRouter(), usb_modem()


def test_nothing_leaks_whatever_line_carries(clinic: World) -> None:
    matrix, upper, cable = Matrix(clinic), clinic.machines["upper"], clinic.links["router", "wan0"]
    matrix.fill(State("two lines", carries=True))
    cable.unplug()
    until(clinic.concentrator_in_use, "the second line carries", limit=60)
    matrix.fill(State("only the second line", carries=True, steady=False, unplugged={"wan0"}))

    upper.run("rm", "/run/leases")
    replace(UpperRouter(), first=OTHER, last=OTHER).serve(upper)
    cable.replug()
    until(lambda: Map(clinic).line_address("wan0") == str(OTHER), "the line has given another address", 60)
    matrix.fill(State("another address on the line", carries=True, steady=False))
    observe.await_green(clinic, but={"router.strangers"})
