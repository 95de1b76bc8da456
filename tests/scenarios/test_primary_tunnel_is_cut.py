"""The main path falls silent: nobody's connection ends, the lights say so, and the traffic comes back after a while."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, Steadily, await_light, light

pytestmark = pytest.mark.namespaces


def test_primary_tunnel_is_cut(clinic: World) -> None:
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        assert observe.status(clinic)["carrying"] == "dc1"
        clinic.cut_tunnel(1)
        assert await_light(clinic, "tunnel", "tunnel.on-spare")["state"] == "warning"
        assert observe.status(clinic)["carrying"] == "dc2"
        assert clinic.concentrator_in_use() == 2
        assert light(clinic, "engine")["state"] == "ok"
        for host in MODES:
            clinic.client("doctor", host).login()

        clinic.mend_tunnel(1)
        # It must first prove itself steady (hold-down), so that a flapping line does not carry anybody.
        assert await_light(clinic, "tunnel", "tunnel.ok-on-spare")["state"] == "ok"
        await_light(clinic, "tunnel", "tunnel.ok", limit=150)
        until(lambda: clinic.concentrator_in_use() == 1, "the data center's way back is the first again, too")
        assert observe.status(clinic)["carrying"] == "dc1"
    observe.await_green(clinic)
