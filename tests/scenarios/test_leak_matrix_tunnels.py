"""Leak matrix: both tunnels, one, none, and a data center gone: nothing is where it has no business."""

from __future__ import annotations

import pytest

from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.leaks.matrix import Matrix, State
from tests.scenarios.leaks.places import ENGINE, INTERNET, TUNNEL
from tests.scenarios.steps import await_light

pytestmark = pytest.mark.namespaces


def test_nothing_leaks_whatever_tunnels_carry(clinic: World) -> None:
    matrix = Matrix(clinic)
    at_work = State("at work", carries=True)
    # Or the matrix would say nothing about them. What comes from afar may have no way for a moment.
    until(
        lambda: all(
            matrix.fill(at_work).arrived[sender] for sender in (INTERNET, ENGINE, f"{TUNNEL} 1", f"{TUNNEL} 2")
        ),
        "everybody's frames stand before the router",
    )
    clinic.cut_tunnel(1)
    until(lambda: clinic.concentrator_in_use() == 2, "the other tunnel carries")
    matrix.fill(State("one tunnel down", carries=True))
    clinic.stop_concentrator(1)
    matrix.fill(State("one data center gone", carries=True))
    clinic.stop_concentrator(2)
    await_light(clinic, "tunnel", "tunnel.path-down")
    matrix.fill(State("both data centers gone", carries=True))
