"""The engines' certificate ends while they are at work: who waits for an answer is reset, nobody gets in any more."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.lab.pki import EngineCertificate
from tests.lab.world import World
from tests.scenarios.steps import (
    MODES,
    assert_refused,
    await_light,
    await_reset,
    await_services,
    client_at,
    engine_addresses,
    waiting_client,
)

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

LIFE = timedelta(seconds=30)


def test_engine_certificate_ends(clinic: World) -> None:
    ends = datetime.now(UTC) + LIFE
    clinic.pki.end_engine_at(ends)
    for engine in clinic.engines:
        clinic.set_engine_certificate(engine, EngineCertificate.ENDING)
    passthrough, gate = (waiting_client(clinic, host, engine_addresses(host)[0]) for host in MODES)
    with passthrough as by_kernel, gate as by_gate:
        time.sleep(max(0.0, (ends - datetime.now(UTC)).total_seconds()))
        await_services(clinic, "engine.expired")
        for waiting in (by_kernel, by_gate):
            await_reset(waiting)
    for host in MODES:
        for address in engine_addresses(host):
            assert_refused(client_at(clinic, host, address))

    for engine in clinic.engines:
        clinic.set_engine_certificate(engine, EngineCertificate.GOOD)
    await_light(clinic, "engine", "engine.ok")
    for host in MODES:
        clinic.client("reception", host).login()
