"""A tunnel that dies again and again waits longer each time before it carries again; a quiet hour is forgiven."""

from __future__ import annotations

import itertools
import time

import pytest

from appliance.tunnel.policy import HALF_LIFE, HOLD, LONGEST_HOLD
from tests.lab import observe
from tests.lab.waiting import until
from tests.lab.world import World

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

FAILURES = 4
GROWTH = 1.2
"""Doubling, less what the time between two failures has made to be forgotten: ever less is left of it."""
LOOK = 5.0
"""Seconds between two looks, at most, with what BFD needs to come up."""


def test_a_flapping_tunnel_waits_longer(clinic: World) -> None:
    waits = [_seconds_away(clinic) for _ in range(FAILURES)]
    assert HOLD <= waits[0] <= HOLD + LOOK
    for earlier, later in itertools.pairwise(waits):
        assert GROWTH * earlier <= later <= LONGEST_HOLD + LOOK
    # The story is that nothing happens.
    time.sleep(12 * HALF_LIFE)
    assert HOLD <= _seconds_away(clinic) <= HOLD * 1.1 + LOOK


def _seconds_away(clinic: World) -> float:
    """Cut and mend the preferred tunnel; how long it is whole again and yet does not carry."""
    clinic.cut_tunnel(1)
    _await_carrier(clinic, "dc2")
    clinic.mend_tunnel(1)
    mended = time.monotonic()
    _await_carrier(clinic, "dc1")
    return time.monotonic() - mended


def _await_carrier(clinic: World, name: str) -> None:
    until(lambda: observe.status(clinic)["carrying"] == name, f"{name} carries", 2 * LONGEST_HOLD, pause=1)
