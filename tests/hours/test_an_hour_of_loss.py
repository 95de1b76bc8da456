"""A line loses a fifth of its packets for an hour: nobody takes it for dead, and its death is noticed all the same."""

from __future__ import annotations

import time

import pytest

from tests.bench.loss import HOUR, lose, sessions
from tests.lab import observe
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import light

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]


def test_an_hour_of_loss(clinic: World) -> None:
    lose(clinic)
    before = sessions(clinic)
    with observe.Session(clinic) as session:
        # The story is that an hour passes.
        time.sleep(HOUR)
        session.exchange(limit=60)
    assert sessions(clinic) == before
    assert "order of the tunnels" not in clinic.router.log.read_text()
    assert observe.status(clinic)["carrying"] == "dc1"
    assert light(clinic, "tunnel")["state"] == "ok"
    clinic.cut_tunnel(1)
    until(lambda: observe.status(clinic)["carrying"] == "dc2", "the dead tunnel is noticed")
