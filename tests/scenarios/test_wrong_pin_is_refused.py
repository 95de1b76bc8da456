"""Engines with the right name and a good chain, but another key: nobody reaches them, and everybody is told why."""

from __future__ import annotations

from functools import partial

import pytest

from tests.lab import addresses, observe
from tests.lab.client import Dialer, NameNotKnownError, seconds_to_refusal
from tests.lab.pki import EngineCertificate
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.impostor import Impostor
from tests.scenarios.steps import MODES, await_reset, await_services, engine_addresses, light, waiting_client

pytestmark = [pytest.mark.namespaces, pytest.mark.long]


def test_wrong_pin_is_refused(clinic: World) -> None:
    first, second = (Impostor(clinic, engine, EngineCertificate.WRONG_PIN) for engine in addresses.ENGINES)
    with first:
        await_services(clinic, "engine.some-refused")
        _one_true_engine_is_enough(clinic)
        # Their engine still is the true one, and they hear nothing from it.
        passthrough, gate = (waiting_client(clinic, host, engine_addresses(host)[1]) for host in MODES)
        with passthrough as by_kernel, gate as by_gate, second:
            await_services(clinic, "engine.wrong-pin")
            for waiting in (by_kernel, by_gate):
                await_reset(waiting)
            _both_modes_are_closed(clinic)
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()


def _one_true_engine_is_enough(clinic: World) -> None:
    for host in MODES:
        impostor, true = engine_addresses(host)
        assert Dialer(clinic.machines["reception"]).resolve(host) == [true]
        clinic.client("reception", host).login()
        seconds_to_refusal(clinic.machines["reception"], impostor, addresses.ENGINE_PORT)
    assert light(clinic, "engine")["state"] == "warning"


def _is_forgotten(clinic: World, host: str) -> bool:
    try:
        Dialer(clinic.machines["reception"]).resolve(host)
    except NameNotKnownError:
        return True
    return False


def _both_modes_are_closed(clinic: World) -> None:
    for host in MODES:
        for address in engine_addresses(host):
            seconds_to_refusal(clinic.machines["reception"], address, addresses.ENGINE_PORT)
        # The kernel closes the way first; the name is forgotten a moment later.
        until(partial(_is_forgotten, clinic, host), f"{host} is forgotten")
    engine = light(clinic, "engine")
    assert (engine["state"], engine["cause"], engine["root"]) == ("failed", "engine.wrong-pin", None)
    assert "偽物" in engine["summary"]["ja"]
    said = clinic.router.sekisho("status", check=False)
    assert said.returncode == 1
    assert "engine.wrong-pin" in said.stdout
