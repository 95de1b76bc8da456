"""One concentrator loses its power, then the other falls silent: first nobody notices, then everybody is told."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.client import seconds_to_refusal
from tests.lab.world import World
from tests.scenarios.steps import MODES, Steadily, assert_refused, await_light, client_at, engine_addresses, light

pytestmark = pytest.mark.namespaces


def test_both_data_centers_are_lost(clinic: World) -> None:
    with observe.Session(clinic) as passthrough, observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate:
        with Steadily(passthrough.exchange, gate.exchange):
            clinic.stop_concentrator(1)
            await_light(clinic, "tunnel", "tunnel.on-spare")
            for host in MODES:
                clinic.client("doctor", host).login()

        clinic.cut_tunnel(2)
        tunnel = await_light(clinic, "tunnel", "tunnel.path-down")
        assert (tunnel["state"], tunnel["root"]) == ("failed", None)
        engine = light(clinic, "engine")
        assert (engine["state"] in ("failed", "unknown"), engine["root"]) == (True, "tunnel")
        seconds_to_refusal(
            clinic.machines["reception"], engine_addresses(addresses.RECEIPT_HOST)[0], addresses.ENGINE_PORT
        )
        assert_refused(client_at(clinic, addresses.RECEIPT_GATE_HOST, engine_addresses(addresses.RECEIPT_GATE_HOST)[0]))

        clinic.mend_tunnel(2)
        await_light(clinic, "tunnel", "tunnel.on-spare")
        clinic.start_concentrator(1)
        observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()
