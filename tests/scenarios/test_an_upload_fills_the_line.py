"""A terminal sends more than the line carries: what waits, waits in this router, and receipts go on beside it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tests.lab import addresses, observe
from tests.lab.lines import AccessLine
from tests.lab.lines.upper import UpperRouter
from tests.lab.machine import Machine
from tests.lab.upload import Upload
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES

pytestmark = pytest.mark.namespaces

MBIT = 20
UPLOADS = 8
MUCH, LITTLE = 30_000, 10_000
"""Bytes that wait: some 12 ms and 4 ms of this line."""


@pytest.fixture(params=[True, False], ids=["told", "not told"])
def told(request: pytest.FixtureRequest) -> bool:
    """Whether the settings say how fast the line is."""
    return bool(request.param)


@pytest.fixture
def lines(told: bool) -> Sequence[AccessLine]:
    return (UpperRouter(upload_mbit=MBIT, told=told),)


def test_an_upload_fills_the_line(clinic: World, told: bool) -> None:
    with Upload(clinic.client("doctor"), UPLOADS):
        if told:
            until(lambda: _here(clinic) > MUCH and _beyond(clinic) < LITTLE, "the queue is ours", 60)
        else:
            # As every router does that knows nothing of the line: this is what the setting is for.
            until(lambda: _here(clinic) == 0 and _beyond(clinic) > 10 * MUCH, "the queue is beyond", 60)
        for host in MODES:
            clinic.client("reception", host).login()
    assert json.loads(clinic.router.sekisho("plan", "--json").stdout)["changes"] == []
    observe.await_green(clinic)


def _here(world: World) -> int:
    """Bytes that wait for the line in the router."""
    names = [f"sk-{place.name}" for place in addresses.CONCENTRATORS.values()]
    return sum(_waiting(world.machines["router"], name) for name in ("wan0", *names))


def _beyond(world: World) -> int:
    return _waiting(world.machines["upper"], "wan0")


def _waiting(machine: Machine, interface: str) -> int:
    shown: list[dict[str, Any]] = json.loads(
        machine.run("tc", "-s", "-j", "qdisc", "show", "dev", interface, "root").stdout
    )
    return sum(int(queue["backlog"]) for queue in shown)
