"""One tunnel loses a third of its packets, the other none: the check says which, and what to do."""

from __future__ import annotations

import pytest

from tests.lab import addresses
from tests.lab.wires import Direction
from tests.lab.world import World
from tests.scenarios.checks import codes, diagnose

pytestmark = pytest.mark.namespaces


def test_checks_name_a_lossy_tunnel(clinic: World) -> None:
    wire = clinic.links["conc2", "internet"]
    wire.cut(Direction.TO_MACHINE, match=f"udp dport {addresses.WIREGUARD_PORT} numgen random mod 3 0")
    found = codes(diagnose(clinic, "paths")["paths"])
    assert "path.lossy" in found["dc2"]
    assert found["dc1"] == {"path.good", "path.wide"}


def test_checks_name_a_dead_tunnel(clinic: World) -> None:
    clinic.cut_tunnel(2)
    found = codes(diagnose(clinic, "paths")["paths"])
    assert found["dc2"] == {"path.dead"}
    assert found["dc1"] == {"path.good", "path.wide"}
