"""The line is MAP-E: tunnels and terminals share 240 ports of an IPv4 address, and nothing leaves with another's."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab.lines import AccessLine
from tests.lab.lines.map_e import BR, MapELine, strangers
from tests.lab.world import World
from tests.scenarios.steps import MODES

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (MapELine(),)


def test_line_is_map_e(clinic: World) -> None:
    for host in MODES:
        clinic.client("reception", host).login()
    assert strangers(clinic.machines[BR]) == 0
