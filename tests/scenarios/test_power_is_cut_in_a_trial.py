"""The power goes while a change is on trial: the router boots closed, then comes up as before the change."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.steps import MODES, await_trial, history

pytestmark = pytest.mark.namespaces


def test_power_is_cut_in_a_trial(clinic: World) -> None:
    changed = SITE.replace("見本商会", "見本サービス").replace('name = "sekisho"', 'name = "router"')
    clinic.router.machine.write("/etc/sekisho/site.toml", changed)
    clinic.router.try_out(600)
    await_trial(clinic, "waiting")
    clinic.cut_router_power()

    clinic.restore_router_power()
    # Its init has got so far as the closed table: there is no way yet, whatever the machine's addresses.
    clinic.router.machine.ip(f"address add {addresses.ROUTER_LAN} dev lan0\n")
    with pytest.raises(OSError):
        clinic.machines["reception"].connect(str(addresses.ROUTER_LAN.ip), 80, timeout=2)
    clinic.router.machine.ip(f"address delete {addresses.ROUTER_LAN} dev lan0\n")

    clinic.router.run()
    observe.await_green(clinic)
    assert observe.status(clinic)["vendor"]["name"] == "見本商会"
    assert observe.status(clinic)["trial"] is None
    newest = history(clinic)[0]
    assert (newest["ending"], newest["reason"]["en"]) == ("returned", "the power was cut during the trial.")
    for host in MODES:
        clinic.client("reception", host).login()
    # The vendor's file is as he left it: he can try again.
    assert "見本サービス" in clinic.router.sekisho("site", "diff").stdout
