"""Leak matrix: without tunnels the router says to the internet what is for proven engines, alive and dead."""

from __future__ import annotations

import pytest

from tests.lab.world import World
from tests.scenarios.leaks.matrix import Matrix, State
from tests.scenarios.outside_engine import OUTSIDE

pytestmark = pytest.mark.namespaces


def test_nothing_leaks_without_vpn(without_vpn: World) -> None:
    matrix, engines = Matrix(without_vpn), frozenset(OUTSIDE)
    nobody: frozenset[str] = frozenset()
    matrix.fill(State("without vpn", engines=engines, concentrators=nobody))
    without_vpn.kill_appliance()
    matrix.fill(State("without vpn and daemon", engines=engines, concentrators=nobody))
