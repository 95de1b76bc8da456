"""The second line is a USB modem: pulled out, put back, or there long after the boot; the first one works on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.lab import observe
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter, usb_modem
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_light, light, uses

pytestmark = pytest.mark.namespaces

MODEM = ("router", "usb0")


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (UpperRouter(), usb_modem())


def test_modem_is_pulled_out_and_put_back(clinic: World) -> None:
    until(lambda: uses(clinic, "dc2", "backup_wan"), "the second tunnel has the second line")
    with observe.Session(clinic) as session, Steadily(session.exchange):
        clinic.pull_out(*MODEM)
        assert await_light(clinic, "line", "line.no-spare")["state"] == "warning"
        until(lambda: uses(clinic, "dc2", "wan"), "both tunnels go by the line that is left")
        assert light(clinic, "router")["cause"] == "router.ok"
        clinic.plug(*MODEM)
        until(lambda: uses(clinic, "dc2", "backup_wan"), "the tunnel is back on the modem", 150)
    observe.await_green(clinic)


def test_modem_comes_long_after_the_boot(clinic: World) -> None:
    clinic.cut_router_power()
    clinic.restore_router_power()
    clinic.pull_out(*MODEM)
    clinic.router.run()
    await_light(clinic, "line", "line.no-spare")
    for name in ("router", "engine"):
        await_light(clinic, name, f"{name}.ok")
    clinic.client("reception").login()
    clinic.plug(*MODEM)
    until(lambda: uses(clinic, "dc2", "backup_wan"), "the second tunnel has the second line", 150)
    observe.await_green(clinic)
    written = clinic.router.machine.read("/etc/sekisho/site.toml").replace('"usb0"', '"usb7"')
    clinic.router.machine.write("/etc/sekisho/site.toml", written, 0o600)
    misspelt = clinic.router.sekisho("apply", check=False)
    assert misspelt.returncode == 1
    assert "usb7" in misspelt.stderr
