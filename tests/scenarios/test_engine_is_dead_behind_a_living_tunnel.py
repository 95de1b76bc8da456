"""A data center's inside breaks while its tunnel lives: traffic goes by the other one, and nobody's connection ends."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_light, light, metric

pytestmark = pytest.mark.namespaces


def test_engine_is_dead_behind_a_living_tunnel(clinic: World) -> None:
    backbone = clinic.links["conc1", "backbone"]
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        assert observe.status(clinic)["carrying"] == "dc1"
        backbone.cut()
        tunnel = await_light(clinic, "tunnel", "tunnel.on-spare")
        assert tunnel["parts"][0]["cause"] == "tunnel.no-engine"
        until(lambda: observe.status(clinic)["carrying"] == "dc2", "the routing daemon has followed")
        until(lambda: metric(clinic, 'sekisho_tunnel_engines_answer{tunnel="dc1"}') == 0, "monitoring knows it too")
        assert metric(clinic, 'sekisho_tunnel_path_up{tunnel="dc1"}') == 1
        clinic.client("doctor").login()

        backbone.mend()
        await_light(clinic, "tunnel", "tunnel.ok-on-spare")
        await_light(clinic, "tunnel", "tunnel.ok", limit=150)
    assert light(clinic, "engine")["state"] == "ok"


def test_engines_that_are_dead_for_everybody_move_nothing(clinic: World) -> None:
    wires = [clinic.links[engine, "eth0"] for engine in addresses.ENGINES]
    for wire in wires:
        wire.cut()
    await_light(clinic, "engine", "engine.timeout")
    assert light(clinic, "tunnel")["cause"] == "tunnel.ok"
    assert observe.status(clinic)["carrying"] == "dc1"
    for wire in wires:
        wire.mend()
    observe.await_green(clinic)
    assert observe.status(clinic)["carrying"] == "dc1"
    assert "order of the tunnels" not in clinic.router.log.read_text()
