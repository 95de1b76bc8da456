"""The main line keeps its link and address, but nothing comes through: the other takes over, and gives back."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter, usb_modem
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_light, light, uses

pytestmark = pytest.mark.namespaces


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (UpperRouter(), usb_modem())


def test_a_line_falls_silent(clinic: World) -> None:
    beyond = clinic.links["upper", "wan0"]
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        until(lambda: uses(clinic, "dc1", "wan") and uses(clinic, "dc2", "backup_wan"), "each tunnel has its line")
        beyond.cut()
        until(lambda: observe.status(clinic)["carrying"] == "dc2", "the tunnel on the other line carries")
        until(lambda: uses(clinic, "dc1", "backup_wan"), "the silent line's tunnel goes by the other line")
        await_light(clinic, "tunnel", "tunnel.ok-on-spare")
        clinic.client("doctor").login()

        beyond.mend()
        until(lambda: uses(clinic, "dc1", "wan"), "the tunnel is back on its line", 150)
        await_light(clinic, "tunnel", "tunnel.ok", limit=150)
    assert observe.status(clinic)["carrying"] == "dc1"
    await_light(clinic, "line", "line.ok")


def test_a_line_is_unplugged(clinic: World) -> None:
    cable = clinic.links["router", "wan0"]
    with observe.Session(clinic) as session, Steadily(session.exchange):
        cable.unplug()
        until(lambda: uses(clinic, "dc1", "backup_wan"), "both tunnels go by the line that is left")
        assert await_light(clinic, "line", "line.on-spare")["state"] == "warning"
        # A tunnel that has changed its line before anybody missed it goes on carrying.
        until(lambda: light(clinic, "tunnel")["state"] == "ok", "both tunnels are well")
        cable.replug()
        until(lambda: uses(clinic, "dc1", "wan"), "the tunnel is back on its line", 150)
    observe.await_green(clinic)


def test_a_line_falls_silent_while_our_daemon_is_dead(clinic: World) -> None:
    with observe.Session(clinic) as session, Steadily(session.exchange):
        clinic.kill_appliance()
        clinic.links["upper", "wan0"].cut()
        until(lambda: clinic.concentrator_in_use() == 2, "the data center's way is by the other line")
        session.exchange()
        marks = clinic.machines["router"].run("wg", "show", "all", "fwmark").stdout.split()
        clinic.router.run()
        until(lambda: uses(clinic, "dc1", "backup_wan"), "our next daemon goes on")
    assert dict(zip(marks[::2], marks[1::2], strict=True)) == {"sk-dc1": "0x5e1", "sk-dc2": "0x5e2"}
