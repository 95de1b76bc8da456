"""Leak matrix: a rule set that is broken on purpose is found, on every wire that a leak could come to."""

from __future__ import annotations

import pytest

from tests.lab import addresses
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.leaks.matrix import Column, Matrix, State
from tests.scenarios.leaks.places import INTERNET, LAN_ATTACKER, STRANGER, TERMINAL, TUNNEL, UPSTREAM, Map

pytestmark = pytest.mark.namespaces

STATE = State("broken on purpose", carries=True, steady=False)
OPEN = """
flush chain inet sekisho forged
flush chain inet sekisho redirects
flush chain inet sekisho dead_ends
insert rule inet sekisho forward accept
insert rule inet sekisho output accept
"""
SILENT = """
insert rule inet sekisho forward iifname "lan0" drop
"""


def test_leaks_are_heard(clinic: World) -> None:
    matrix, router = Matrix(clinic), clinic.machines["router"]
    # It would put back at once what we break.
    clinic.kill_appliance()
    rules = router.run("nft", "list", "ruleset").stdout
    assert _senders(matrix.look(STATE)) == set()

    _load(clinic, SILENT)
    silent = matrix.look(STATE)
    assert {one.sender for one in silent.unanswered} >= {TERMINAL, STRANGER}
    assert silent.leaks == []

    # A neighbour on the line who claims the router's own address there takes the line away for a moment.
    until(lambda: "proto bird" in router.run("ip", "route", "show", "table", "51").stdout, "a tunnel carries", 60)
    _load(clinic, f"flush ruleset\n{rules}\n{OPEN}")
    router.popen("ping", "-c", "1", str(addresses.PUBLIC_WEB.ip))
    broken = matrix.look(STATE)
    assert _senders(broken) >= {TERMINAL, STRANGER, LAN_ATTACKER, f"{UPSTREAM} upper"}
    assert any(sender.startswith(TUNNEL) for sender in _senders(broken))
    wires = {leak.wire for leak in broken.leaks}
    there = Map(clinic)
    for side in (
        there.lines,
        {("router", "lan0"), ("reception", "eth0")},
        {("router", "sk-dc1"), ("router", "sk-dc2")},
    ):
        assert wires & side
    assert any(str(addresses.PUBLIC_WEB.ip) in told for told in broken.strangers)
    assert broken.arrived[INTERNET]


def _senders(column: Column) -> set[str]:
    return {leak.canary.sender for leak in column.leaks}


def _load(clinic: World, rules: str) -> None:
    clinic.machines["router"].run("nft", "-f", "-", input=rules)
