"""The router keeps the data center's time and tells it to the LAN, by DHCP's word and to whoever asks."""

from __future__ import annotations

import pytest

from tests.lab import addresses, terminal
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World

pytestmark = pytest.mark.namespaces


def test_lan_is_told_the_time(clinic: World) -> None:
    beside_the_tunnels = Capture(clinic.machines["upper"], "lan0", "port 123")
    for role in ("reception", "lan-attacker"):
        until(lambda role=role: _time_as_told(clinic, role), f"the time for {role}", limit=120)  # type: ignore[misc]
    assert terminal.told_by_dhcp(clinic.machines["reception"], "ntp_servers") == str(addresses.ROUTER_LAN.ip)
    beside_the_tunnels.stop()
    assert beside_the_tunnels.lines() == []


def _time_as_told(clinic: World, role: str) -> bool:
    """Whether the router, asked for the time as a real client asks it, gives it as a server that knows."""
    asked = clinic.machines[role].run(
        *("chronyd", "-Q", "-t", "10", "-f", "/dev/null", "-u", "root"),
        *("cmdport 0", "pidfile /run/asking.pid", f"server {addresses.ROUTER_LAN.ip} iburst"),
        check=False,
    )
    return "System clock wrong by" in asked.stdout + asked.stderr
