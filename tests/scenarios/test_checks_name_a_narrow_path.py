"""The line drops large packets without a word: the check says how large they may be, before anybody else notices."""

from __future__ import annotations

import pytest

from tests.lab.wires import Direction
from tests.lab.world import World
from tests.scenarios.checks import codes, diagnose

pytestmark = pytest.mark.namespaces

WIDTH = 1400
"""Bytes of the outer packet that pass."""
ROOM = (WIDTH - 60) // 16 * 16
"""What is left of it inside: 20 bytes IPv4, 8 UDP, 32 WireGuard, which also fills up to a multiple of 16."""


def test_checks_name_a_narrow_path(clinic: World) -> None:
    for direction in Direction:
        clinic.links["upper", "wan0"].cut(direction, match=f"ip length > {WIDTH}")
    outcome = diagnose(clinic, "paths")["paths"]
    assert outcome["state"] == "attention"
    assert codes(outcome) == {tunnel: {"path.good", "path.narrow"} for tunnel in ("dc1", "dc2")}
    narrow = next(verdict for verdict in outcome["verdicts"] if verdict["code"] == "path.narrow")
    told = int("".join(filter(str.isdigit, narrow["says"]["en"].split("up to ")[1].split(" bytes")[0])))
    assert ROOM - 8 <= told <= ROOM
