"""The engines stop answering without a word: clients that wait are let go once the proof has lapsed, none hangs for ever."""

from __future__ import annotations

import pytest

from appliance.gate.permissions import PERMISSION_SECONDS
from tests.lab import addresses, observe
from tests.lab.client import NameNotKnownError, seconds_to_refusal
from tests.lab.world import World
from tests.scenarios.steps import MODES, await_reset, await_services, engine_addresses, waiting_client

pytestmark = pytest.mark.namespaces


def test_silent_engine(clinic: World) -> None:
    wires = [clinic.links[engine, "eth0"] for engine in addresses.ENGINES]
    passthrough, gate = (waiting_client(clinic, host, engine_addresses(host)[0]) for host in MODES)
    with passthrough as by_kernel, gate as by_gate:
        for wire in wires:
            wire.cut()
        engine = await_services(clinic, "engine.timeout")
        assert (engine["state"], engine["root"]) == ("failed", None)
        for waiting in (by_kernel, by_gate):
            await_reset(waiting, 2 * PERMISSION_SECONDS)
    for host in MODES:
        for address in engine_addresses(host):
            seconds_to_refusal(clinic.machines["reception"], address, addresses.ENGINE_PORT)
        with pytest.raises(NameNotKnownError):
            clinic.client("reception", host).login()
    for wire in wires:
        wire.mend()
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()
