"""Leak matrix: a line by IPv6, whose access network attacks; the same with the daemon killed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab.lines import AccessLine
from tests.lab.lines.ipoe import Ipoe
from tests.lab.world import World
from tests.scenarios.leaks.matrix import Matrix, State

pytestmark = pytest.mark.namespaces


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (Ipoe(),)


def test_nothing_leaks_by_ipv6(clinic: World) -> None:
    matrix = Matrix(clinic)
    # Whoever advertises on the line is believed there: routes change.
    matrix.fill(State("line by IPv6", carries=True, steady=False))
    clinic.kill_appliance()
    matrix.fill(State("line by IPv6, daemon killed", carries=True, steady=False))
