"""Leases of the line and of the terminals are renewed while they are in use; nothing that is open notices."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from appliance.paths import DHCP_LEASES
from tests.bench.loss import HOUR
from tests.lab import addresses, observe
from tests.lab.machine import Machine
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.steps import light

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

LEASE_HOURS = 1
"""Of the terminals' leases; the upper router of the lab gives as much."""
LINE_LEASES = "/run/leases"


@pytest.fixture
def world(world: World) -> World:
    site = SITE.replace("lease_hours = 12", f"lease_hours = {LEASE_HOURS}")
    world.router.configure(world.desk.public_keys.read_text(), site)
    return world


def test_leases_are_renewed(clinic: World) -> None:
    router, upper = clinic.machines["router"], clinic.machines["upper"]
    first = {**_ends(upper, LINE_LEASES), **_ends(router, DHCP_LEASES)}
    assert {str(place.address.ip) for place in addresses.TERMINALS.values()} < set(first)
    with observe.Session(clinic) as session:
        # The story is that time passes: longer than any of the leases.
        time.sleep((LEASE_HOURS + 0.6) * HOUR)
        session.exchange(limit=60)
    now = time.time()
    later = {**_ends(upper, LINE_LEASES), **_ends(router, DHCP_LEASES)}
    assert set(later) == set(first)
    assert all(end > now for end in later.values())
    assert light(clinic, "line")["state"] == "ok"
    clinic.client("reception").login()


def _ends(machine: Machine, file: Path | str) -> dict[str, int]:
    """When each address's lease ends, in Unix time, as dnsmasq writes it."""
    leases = (line.split() for line in machine.read(file).splitlines())
    return {address: int(end) for end, _, address, *_ in leases}
