"""Work at a data center: its tunnel is emptied beforehand, in both directions, and nobody's connection ends."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_light, metric

pytestmark = [pytest.mark.namespaces, pytest.mark.long]


def test_a_tunnel_is_drained(clinic: World) -> None:
    router = clinic.router
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        router.sekisho("tunnel", "drain", "dc1")
        assert await_light(clinic, "tunnel", "tunnel.one-drained")["state"] == "warning"
        until(lambda: observe.status(clinic)["carrying"] == "dc2", "the clinic's way is the other")
        until(lambda: clinic.concentrator_in_use() == 2, "the data center's way back is the other, too")
        until(lambda: metric(clinic, 'sekisho_tunnel_drained{tunnel="dc1"}') == 1, "monitoring knows it too")
        refused = router.sekisho("tunnel", "drain", "dc2", check=False)
        assert refused.returncode == 1 and "dc1" not in refused.stdout

        # The work: nothing of it is felt.
        clinic.stop_concentrator(1)
        clinic.client("doctor").login()
        clinic.start_concentrator(1)

        # The wish outlasts our daemon.
        clinic.stop_appliance()
        router.run()
        await_light(clinic, "tunnel", "tunnel.one-drained")
        assert observe.status(clinic)["carrying"] == "dc2"

        router.sekisho("tunnel", "drain", "dc1", "--back")
        await_light(clinic, "tunnel", "tunnel.ok", limit=150)
        until(lambda: clinic.concentrator_in_use() == 1, "the data center's way back is the first again, too")


def test_a_tunnel_is_pinned(clinic: World) -> None:
    router = clinic.router
    with observe.Session(clinic) as session, Steadily(session.exchange):
        router.sekisho("tunnel", "pin", "dc2")
        assert await_light(clinic, "tunnel", "tunnel.ok-pinned")["state"] == "ok"
        until(lambda: observe.status(clinic)["carrying"] == "dc2", "the pinned tunnel carries")
        # Only while it lives.
        clinic.cut_tunnel(2)
        until(lambda: observe.status(clinic)["carrying"] == "dc1", "a living tunnel carries")
        clinic.mend_tunnel(2)
        until(lambda: observe.status(clinic)["carrying"] == "dc2", "the pinned tunnel carries again", 60)
        router.sekisho("tunnel", "pin", "--auto")
        await_light(clinic, "tunnel", "tunnel.ok", limit=150)
