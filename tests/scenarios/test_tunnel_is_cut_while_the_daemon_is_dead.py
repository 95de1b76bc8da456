"""The main path falls silent while the daemon is dead: the routes move by themselves, and nobody's connection ends."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, Steadily, await_light

pytestmark = pytest.mark.namespaces


def test_tunnel_is_cut_while_the_daemon_is_dead(clinic: World) -> None:
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        assert observe.status(clinic)["carrying"] == "dc1"
        clinic.kill_appliance()
        clinic.cut_tunnel(1)
        until(lambda: clinic.concentrator_in_use() == 2, "the spare carries, both ways")
        for host in MODES:
            clinic.client("doctor", host).login()
        # Who comes back finds it so, before the permissions end that nobody has renewed.
        clinic.router.run()
        assert await_light(clinic, "tunnel", "tunnel.on-spare")["state"] == "warning"
        assert observe.status(clinic)["carrying"] == "dc2"
