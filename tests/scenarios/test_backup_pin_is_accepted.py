"""The data center changes to the reserve key, which the account names beside the first: nobody notices."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.pki import EngineCertificate
from tests.lab.world import World
from tests.scenarios.steps import MODES

pytestmark = pytest.mark.namespaces


def test_backup_pin_is_accepted(world: World) -> None:
    for engine in addresses.ENGINES:
        world.set_engine_certificate(engine, EngineCertificate.BACKUP_KEY)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    for host in MODES:
        world.client("reception", host).login()
