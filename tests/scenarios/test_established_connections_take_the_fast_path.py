"""A terminal's connection is on the kernel's fast path, survives a fail-over, and is there again by the spare."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import Steadily, await_light, firewall_counter, metric

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]


def test_established_connections_take_the_fast_path(clinic: World) -> None:
    assert metric(clinic, "sekisho_fast_path") == 1
    with observe.Session(clinic) as session:
        passed = firewall_counter(clinic, "passed_engine")
        session.exchange()
        await_fast_path(clinic, session)
        assert firewall_counter(clinic, "passed_engine") > passed, "the guard counts what the rules no longer see"
        with Steadily(session.exchange):
            clinic.cut_tunnel(1)
            await_light(clinic, "tunnel", "tunnel.on-spare")
        assert clinic.concentrator_in_use() == 2
        await_fast_path(clinic, session)


def await_fast_path(clinic: World, session: observe.Session) -> None:
    """Use the session until the kernel says that a connection to the engine's port is in its flow table."""

    def is_there() -> bool:
        session.exchange()
        asked = ("conntrack", "-L", "-p", "tcp", "--orig-port-dst", str(addresses.ENGINE_PORT))
        return "[OFFLOAD]" in clinic.machines["router"].run(*asked).stdout

    until(is_there, "the connection is on the fast path")
