"""New pins and revoked certificates come between two accounts by a trust list, and it counts at once."""

from __future__ import annotations

import json

import pytest

from tests.lab import addresses, datacenter, observe
from tests.lab.pki import EngineCertificate
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import (
    MODES,
    assert_refused,
    await_light,
    await_reset,
    await_services,
    engine_addresses,
    waiting_client,
)

pytestmark = pytest.mark.namespaces

RESERVE = "sha256/" + "R" * 43 + "="


def serial(world: World) -> int | None:
    """That of the list in force."""
    told = json.loads(world.router.sekisho("trust", "show", "--json").stdout)
    return None if told is None else int(told["serial"])


def test_a_key_that_was_lost_opens_nothing_any_more(world: World) -> None:
    for engine in world.engines:
        world.set_engine_certificate(engine, EngineCertificate.BACKUP_KEY)
    pins = [world.pki.engine[EngineCertificate.BACKUP_KEY].pin, RESERVE]
    datacenter.publish_trust(world.machines["core"], world.desk.sign_trust(7, dict.fromkeys(MODES, pins)))
    world.start_appliance()
    world.lease_terminals()
    until(lambda: serial(world) == 7, "the list has come through the tunnels", pause=0.5)
    observe.await_green(world)
    for host in MODES:
        world.client("reception", host).login()

    # Whoever has found the lost key, and even its certificate.
    for engine in world.engines:
        world.set_engine_certificate(engine, EngineCertificate.GOOD)
    await_services(world, "engine.wrong-pin")
    for host in MODES:
        assert_refused(world.client("reception", host))

    older = world.router.import_trust(world.desk.sign_trust(6), check=False)
    assert older.returncode == 1 and "not newer" in older.stderr
    world.kill_appliance()
    world.router.run()
    assert serial(world) == 7
    await_services(world, "engine.wrong-pin")


def test_an_engine_whose_certificate_was_revoked_is_closed_at_once(clinic: World) -> None:
    taken_back = clinic.pki.engine_ca.take_back(clinic.pki.engine[EngineCertificate.GOOD])
    passthrough, gate = (engine_addresses(host)[0] for host in MODES)
    with waiting_client(clinic, MODES[0], passthrough) as silent, waiting_client(clinic, MODES[1], gate) as gated:
        clinic.router.import_trust(clinic.desk.sign_trust(1, revocations=taken_back))
        await_services(clinic, "engine.revoked")
        for client in (silent, gated):
            await_reset(client)
    for host in MODES:
        assert_refused(clinic.client("reception", host))
    for engine in clinic.engines:
        clinic.set_engine_certificate(engine, EngineCertificate.BACKUP_KEY)
    observe.await_green(clinic)
    for host in MODES:
        clinic.client("reception", host).login()


def test_a_terminal_whose_certificate_was_revoked_is_cut_off_and_no_other(clinic: World) -> None:
    stolen = clinic.pki.terminal_ca.take_back(clinic.pki.terminals["reception"])
    gate = engine_addresses(addresses.RECEIPT_GATE_HOST)[0]
    with (
        observe.Session(clinic) as passthrough,
        waiting_client(clinic, addresses.RECEIPT_GATE_HOST, gate) as theirs,
        waiting_client(clinic, addresses.RECEIPT_GATE_HOST, gate, "doctor") as ours,
    ):
        clinic.router.import_trust(clinic.desk.sign_trust(1, revocations=stolen))
        await_reset(theirs)
        ours.sendall(b"{}       ")
        passthrough.exchange()
    assert_refused(clinic.client("reception", addresses.RECEIPT_GATE_HOST))
    clinic.client("doctor", addresses.RECEIPT_GATE_HOST).login()
    assert await_light(clinic, "engine", "engine.ok")["state"] == "ok"
