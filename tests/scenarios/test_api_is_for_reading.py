"""What terminals may call of the API is the account's to grant and the settings' to limit, and the router says no."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.receipt import API_PATH, RPC_PATH
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.world import World

pytestmark = pytest.mark.namespaces

GATE = addresses.RECEIPT_GATE_HOST
ACCESS = f"""
[services.access]
default = "reference"
certificates = {{ doctor = "read-write" }}

[[services.access.reference]]
methods = ["POST"]
path = "{RPC_PATH}"
"""
LIMITED = 'label = "診察室"\naccess = "reference"'


@pytest.fixture
def world(world: World) -> World:
    # The last service of the request is the gate's.
    world.account = world.desk.issue(world.concentrators.values(), rewrite=lambda request: request + ACCESS)
    world.admit(world.account)
    return world


def refusal(world: World, role: str) -> str:
    with pytest.raises(ValueError, match=f"{API_PATH}.*: 403 ") as refused:
        world.client(role, GATE).api()
    return str(refused.value)


def test_api_is_for_reading(clinic: World) -> None:
    reception, doctor = (clinic.client(role, GATE) for role in ("reception", "doctor"))
    for terminal in (reception, doctor):
        terminal.login()
    assert doctor.api()
    # The real client shows the body of an error: it must not look like the engine's.
    assert "router refused this call" in refusal(clinic, "reception")
    counted = 'sekisho_gate_refusals_total{reason="not-permitted",service="receipt-gate"} 1.0'
    until(lambda: counted in observe.scrape(clinic), "it is counted")

    clinic.router.machine.write("/etc/sekisho/site.toml", SITE.replace('label = "診察室"', LIMITED))
    clinic.router.sekisho("apply")
    until(lambda: "403" in refusal(clinic, "doctor"), "the settings limit it")
    doctor.login()
