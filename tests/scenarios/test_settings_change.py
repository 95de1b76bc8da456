"""The vendor adds a terminal: the plan says just that, and who works goes on working. Bad settings change nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.lab import addresses, observe
from tests.lab.client import seconds_to_refusal
from tests.lab.router import SITE
from tests.lab.world import World
from tests.scenarios.steps import Steadily, engine_addresses

pytestmark = pytest.mark.namespaces

SITE_FILE = "/etc/sekisho/site.toml"
THIRD = addresses.LAN_ATTACKER
THIRD_MAC = "02:00:00:00:02:50"
THIRD_TERMINAL = f"""
[[terminals]]
name = "xray"
label = "レントゲン室"
mac = "{THIRD_MAC}"
address = "{THIRD.ip}"
"""


def test_settings_change(clinic: World) -> None:
    router, newcomer = clinic.router, clinic.machines["lan-attacker"]
    assert router.sekisho("apply", "--json").stdout.startswith('{\n  "changes": [],')
    assert _plan(clinic) == []

    newcomer.ip(f"link set dev eth0 address {THIRD_MAC}\n")
    engine = engine_addresses(addresses.RECEIPT_HOST)[0]
    seconds_to_refusal(newcomer, engine, addresses.ENGINE_PORT)
    with (
        observe.Session(clinic) as passthrough,
        observe.Session(clinic, addresses.RECEIPT_GATE_HOST) as gate,
        Steadily(passthrough.exchange, gate.exchange),
    ):
        router.machine.write(SITE_FILE, SITE + THIRD_TERMINAL)
        planned = _plan(clinic)
        assert [(change["subsystem"], change["subject"]) for change in planned] == [
            ("nft", "sekisho"),
            ("engine", "dnsmasq"),
        ]
        assert planned[0]["text"]["en"] == (
            "change the firewall: add 2"
            f" (“set terminal_addresses: {THIRD.ip}”, “set terminals: {THIRD.ip} . {THIRD_MAC}”)"
        )
        applied = json.loads(router.sekisho("apply", "--json").stdout)["changes"]
        assert applied == planned
        newcomer.connect(engine, addresses.ENGINE_PORT).close()
        _bad_settings_change_nothing(clinic)
    observe.await_green(clinic)


def _bad_settings_change_nothing(clinic: World) -> None:
    router = clinic.router
    for wrong, named in (('kind = "dhcp"', "wan"), (f'address = "{addresses.ROUTER_LAN}"', "lan.address")):
        router.machine.write(SITE_FILE, SITE.replace(wrong, wrong.replace('"', '"nonsense', 1)))
        for command in ("plan", "apply"):
            refused = router.sekisho(command, check=False)
            assert (refused.returncode, refused.stdout) == (1, "")
            japanese, english = refused.stderr.splitlines()
            assert named in japanese
            assert named in english
    router.machine.write(SITE_FILE, SITE + THIRD_TERMINAL)
    assert _plan(clinic) == []


def _plan(clinic: World) -> list[dict[str, Any]]:
    changes: list[dict[str, Any]] = json.loads(clinic.router.sekisho("plan", "--json").stdout)["changes"]
    return changes
