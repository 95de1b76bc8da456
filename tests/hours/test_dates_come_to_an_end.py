"""Dates come: an account in force goes on after its end, an engine whose certificate has ended is closed at once."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from appliance.control.watch_router import DATES_EVERY
from tests.lab import addresses
from tests.lab.pki import EngineCertificate
from tests.lab.world import World
from tests.scenarios.steps import assert_refused, await_light, await_reset, await_services, light, waiting_client

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

ACCOUNT_DAYS = 10 / 1440
ENGINE_MINUTES = 30
BEFORE = timedelta(seconds=20)
"""So long before the engines' end somebody begins to wait for an answer: an engine itself does not wait for ever."""


@pytest.fixture
def world(world: World) -> World:
    world.account = world.desk.issue(world.concentrators.values(), ACCOUNT_DAYS)
    world.admit(world.account)
    world.pki.end_engine_at(datetime.now(UTC) + timedelta(minutes=ENGINE_MINUTES))
    for engine in world.engines:
        world.set_engine_certificate(engine, EngineCertificate.ENDING)
    return world


def test_dates_come_to_an_end(world: World) -> None:
    ends = datetime.now(UTC) + timedelta(days=ACCOUNT_DAYS)
    engines_end = world.pki.engine[EngineCertificate.ENDING].certificate.not_valid_after_utc
    assert ends < engines_end - BEFORE
    world.start_appliance()
    world.lease_terminals()
    await_services(world, "engine.ok")
    assert await_light(world, "certificates", "certificates.last-days")["state"] == "warning"

    _wait_for(ends)
    told = await_light(world, "certificates", "certificates.account-expired", 1.2 * DATES_EVERY)
    assert told["state"] == "failed"
    world.client("reception").login()

    _wait_for(engines_end - BEFORE)
    address = str(addresses.ENGINES["e1"].receipt.ip)
    with waiting_client(world, addresses.RECEIPT_HOST, address) as silent:
        _wait_for(engines_end)
        await_services(world, "engine.expired")
        await_reset(silent)
    assert_refused(world.client("reception"))

    for engine in world.engines:
        world.set_engine_certificate(engine, EngineCertificate.GOOD)
    await_services(world, "engine.ok")
    world.client("reception").login()
    assert light(world, "certificates")["cause"] == "certificates.account-expired"


def _wait_for(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))
