"""Somebody with root's hands, or another program, changes what is ours: it is told, put back, and told again."""

from __future__ import annotations

import json

import pytest

from tests.lab import addresses, observe
from tests.lab.client import seconds_to_refusal
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, engine_addresses, metric

pytestmark = pytest.mark.namespaces

REPAIRED = "sekisho_repaired_differences_total"


def test_foreign_hand_is_put_back(clinic: World) -> None:
    router = clinic.machines["router"]
    with observe.Session(clinic) as session:
        router.run("nft", "insert", "rule", "inet", "sekisho", "forward", "accept", "comment", '"let me in"')
        router.run("nft", "flush", "chain", "inet", "sekisho", "wan_input")
        router.ip(f"address delete {addresses.ROUTER_LAN} dev lan0\n")
        planned = _plan(clinic)
        for named in ("let me in", "Silence outside: the WAN learns nothing", str(addresses.ROUTER_LAN)):
            assert named in planned
        until(lambda: _plan(clinic) == "[]", "the daemon puts it back by itself", limit=90, pause=1)
        assert "had been changed from outside, put back" in clinic.router.log.read_text()
        until(lambda: metric(clinic, REPAIRED) >= 2, "monitoring hears of it")
        session.exchange()

    # What other firewall programs begin with. It takes our proofs, too: they have to be made anew.
    router.run("nft", "flush", "ruleset")
    router.ip(f"rule delete to {addresses.DATA_CENTER} lookup 51\n")
    clinic.router.apply()
    # Not at once: the tunnels that were cut change their order.
    until(lambda: _plan(clinic) == "[]", "nothing is left to be put right", limit=30, pause=1)
    seconds_to_refusal(
        clinic.machines["lan-attacker"], engine_addresses(addresses.RECEIPT_HOST)[0], addresses.ENGINE_PORT
    )
    until(lambda: _logs_in(clinic), "both modes work again", limit=90, pause=1)
    observe.await_green(clinic, but={"router.strangers"})


def _logs_in(clinic: World) -> bool:
    try:
        for host in MODES:
            clinic.client("reception", host).login()
    except TimeoutError:
        raise
    except OSError:
        return False
    return True


def _plan(clinic: World) -> str:
    return json.dumps(json.loads(clinic.router.sekisho("plan", "--json").stdout)["changes"], ensure_ascii=False)
