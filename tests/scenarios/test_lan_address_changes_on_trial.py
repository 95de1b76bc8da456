"""The LAN moves to other addresses on trial: a terminal gets its new lease and works, and its old one comes back."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from tests.lab import addresses, observe, terminal, waiting
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.steps import MODES, await_trial

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

OLD = addresses.TERMINALS["reception"]
NEW = replace(OLD, address=IPv4Interface("192.0.2.138/26"))
NEW_ROUTER = "192.0.2.129"


def moved(settings: str) -> str:
    """Every address of the LAN, 128 further on."""
    for host in (1, 10, 11, 32, 61):
        for end in ('"', "/26"):
            settings = settings.replace(f'"192.0.2.{host}{end}', f'"192.0.2.{host + 128}{end}')
    return settings


def test_lan_address_changes_on_trial(clinic: World) -> None:
    clinic.router.machine.write("/etc/sekisho/site.toml", moved(SITE))
    clinic.router.try_out(180)
    _replugged(clinic)
    terminal.wait_for_lease(clinic.machines["reception"], NEW)
    for host in MODES:
        clinic.client("reception", host).login()
    waiting.until(lambda: _answers(clinic), f"the page at {NEW_ROUTER}")
    # Only there: the old address is nobody's, not even to somebody who still believes in it.
    assert str(addresses.ROUTER_LAN) not in clinic.router.machine.run("ip", "-4", "address").stdout
    await_trial(clinic, "waiting")

    # The person who could confirm from there does not.
    await_trial(clinic, None, limit=200)
    _replugged(clinic)
    terminal.wait_for_lease(clinic.machines["reception"], OLD)
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()


def _answers(clinic: World) -> bool:
    """Whether the page does, which begins anew at its new address."""
    try:
        clinic.machines["reception"].connect(NEW_ROUTER, 80).close()
    except ConnectionRefusedError:
        return False
    return True


def _replugged(clinic: World) -> None:
    """What the vendor does so that a terminal asks for its address again."""
    cable = clinic.links["reception", "eth0"]
    cable.unplug()
    cable.replug()
