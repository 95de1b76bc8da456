"""The engines stop answering without a word: who waits is let go once the proof has lapsed, and hangs no longer."""

from __future__ import annotations

import pytest

from appliance.gate.permissions import PERMISSION_SECONDS
from tests.lab import addresses, observe
from tests.lab.client import Dialer, NameNotKnownError, seconds_to_refusal
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES, await_reset, await_services, engine_addresses, waiting_client

pytestmark = [pytest.mark.namespaces, pytest.mark.long]


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
    until(lambda: not any(_is_named(clinic, host) for host in MODES), "the last of the proofs has lapsed")
    for host in MODES:
        for address in engine_addresses(host):
            seconds_to_refusal(clinic.machines["reception"], address, addresses.ENGINE_PORT)
    for wire in wires:
        wire.mend()
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()


def _is_named(clinic: World, host: str) -> bool:
    """Whether the router still tells terminals an address of the engine."""
    try:
        return bool(Dialer(clinic.machines["reception"]).resolve(host))
    except NameNotKnownError:
        return False
