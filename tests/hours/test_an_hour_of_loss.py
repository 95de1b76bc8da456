"""A line loses a fifth of its packets for an hour: nobody takes it for dead, and its death is noticed all the same."""

from __future__ import annotations

import time

import pytest

from appliance import paths
from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.wires import Direction
from tests.lab.world import World
from tests.scenarios.steps import light

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

SHARE, HOUR = 20, 3600.0


def test_an_hour_of_loss(clinic: World) -> None:
    for number in addresses.CONCENTRATORS:
        for direction in Direction:
            clinic.links[f"conc{number}", "internet"].cut(direction, match=f"numgen random mod 100 < {SHARE}")
    before = _sessions(clinic)
    with observe.Session(clinic) as session:
        # The story is that an hour passes.
        time.sleep(HOUR)
        session.exchange(limit=60)
    assert _sessions(clinic) == before
    assert "order of the tunnels" not in clinic.router.log.read_text()
    assert observe.status(clinic)["carrying"] == "dc1"
    assert light(clinic, "tunnel")["state"] == "ok"
    clinic.cut_tunnel(1)
    until(lambda: observe.status(clinic)["carrying"] == "dc2", "the dead tunnel is noticed")


def _sessions(clinic: World) -> list[str]:
    """Of both ends, with their state and the moment of its last change."""
    shown = [clinic.machines["router"].run("birdc", "-s", paths.BIRD_SOCKET, "show", "bfd", "sessions").stdout]
    shown += [
        clinic.machines[f"conc{number}"].run("birdc", "-s", "/run/bird.ctl", "show", "bfd", "sessions").stdout
        for number in addresses.CONCENTRATORS
    ]
    lines = (line.split()[:4] for text in shown for line in text.splitlines() if "sk-" in line or "wg" in line)
    return sorted(" ".join(line) for line in lines)
