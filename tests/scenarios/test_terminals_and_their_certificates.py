"""A terminal's key on a second machine is noticed. A clinic without certificates can say so: it is called weaker."""

from __future__ import annotations

import dataclasses

import pytest

from tests.lab import addresses, observe
from tests.lab.client import ReceiptClient
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import assert_refused, await_light, light

pytestmark = pytest.mark.namespaces

GATE = addresses.RECEIPT_GATE_HOST
BY_ADDRESS = '\n[[services]]\nname = "receipt-gate"\nby_address = true\n'


def without_certificate(clinic: World, host: str) -> ReceiptClient:
    return dataclasses.replace(clinic.client("doctor", host), cert=None)


def test_a_copied_certificate_raises_a_light(clinic: World) -> None:
    reception, doctor = clinic.client("reception", GATE), clinic.client("doctor", GATE)
    reception.login()
    doctor.login()
    copied = 'sekisho_terminal_certificate_copied{terminal="reception"}'
    until(lambda: f"{copied} 0.0" in observe.scrape(clinic), "it is known to monitoring")
    assert light(clinic, "certificates")["state"] == "ok"

    dataclasses.replace(doctor, cert=reception.cert, key=reception.key).login()
    told = await_light(clinic, "certificates", "certificates.copied")
    assert told["state"] == "warning"
    assert "受付" in told["summary"]["ja"] and "診察室" in told["summary"]["ja"]
    assert f"{copied} 1.0" in observe.scrape(clinic)
    reception.login()
    doctor.login()


def test_a_clinic_without_certificates_is_served_by_address(clinic: World) -> None:
    assert_refused(without_certificate(clinic, GATE))

    clinic.router.machine.write("/etc/sekisho/site.toml", SITE + BY_ADDRESS)
    clinic.router.sekisho("apply")
    told = await_light(clinic, "engine", "engine.ok-by-address")
    assert told["state"] == "ok" and "弱い" in told["summary"]["ja"]
    without_certificate(clinic, GATE).login()
    clinic.client("reception", GATE).login()
    # Where the router does not terminate, it is the engine that asks.
    assert_refused(without_certificate(clinic, addresses.RECEIPT_HOST))

    clinic.router.machine.write("/etc/sekisho/site.toml", SITE)
    clinic.router.sekisho("apply")
    await_light(clinic, "engine", "engine.ok")
    assert_refused(without_certificate(clinic, GATE))
