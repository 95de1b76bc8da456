"""What happened is told afterwards: an outage by its cause, a loss of power as such, through restarts and a reboot."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.lab import addresses, observe
from tests.lab import page as lab_page
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import await_light

pytestmark = pytest.mark.namespaces

UNPLUGGED = 30.0
"""Seconds."""


def outages(world: World) -> list[dict[str, Any]]:
    """Oldest first."""
    told = json.loads(world.router.sekisho("history", "--json").stdout)
    return list(reversed(told["outages"]["outages"]))


def page(world: World) -> str:
    return lab_page.get(world.machines["reception"], str(addresses.ROUTER_LAN.ip), browser=lab_page.blind()).text


def test_what_happened_is_remembered(clinic: World) -> None:
    cable = clinic.links["router", "wan0"]
    cable.unplug()
    await_light(clinic, "line", "line.no-cable")
    until(lambda: [one["ending"] for one in outages(clinic)][-1:] == ["ongoing"], "the outage is known while it lasts")
    # What lasts longest is the cause: longer than everything behind the cable takes to come back.
    time.sleep(UNPLUGGED)
    cable.replug()
    observe.await_green(clinic)
    until(lambda: [one["ending"] for one in outages(clinic)][-1:] == ["recovered"], "its end is known")
    told = outages(clinic)[-1]
    assert (told["kind"], told["cause"]) == ("outage", "line.no-cable")
    assert told["seconds"] > 0

    clinic.router.kill()
    clinic.router.run()
    observe.await_green(clinic)
    assert told in outages(clinic), "a restart forgets nothing and makes no gap"
    assert not [one for one in outages(clinic) if one["kind"] != "outage"]

    clinic.cut_router_power()
    clinic.restore_router_power()
    clinic.router.run()
    observe.await_green(clinic)
    (off,) = [one for one in outages(clinic) if one["kind"] == "off"]
    assert off["closed"] is False
    assert [one["cause"] for one in outages(clinic)].count("line.no-cable") == 1

    until(lambda: "ルーターの電源が切れていました。" in page(clinic), "the page tells it")
    assert "インターネット側のケーブルが抜けています。" in page(clinic)
    dates = json.loads(clinic.router.sekisho("calendar", "--json").stdout)["dates"]
    assert {"account", "identity"} <= {one["name"] for one in dates}
