"""One engine shows another key: the check says which address, what it shows, and what is expected."""

from __future__ import annotations

from ssl import PEM_cert_to_DER_cert

import pytest

from appliance.pins import pin_of_certificate
from tests.lab import addresses
from tests.lab.pki import EngineCertificate
from tests.lab.world import World
from tests.scenarios.checks import codes, diagnose

pytestmark = pytest.mark.namespaces


def test_checks_name_a_wrong_pin(clinic: World) -> None:
    clinic.set_engine_certificate("e1", EngineCertificate.WRONG_PIN)
    outcome = diagnose(clinic, "certificates")["certificates"]
    assert outcome["state"] == "failed"
    found = codes(outcome)
    for name, engine in addresses.ENGINES.items():
        for host, address in (
            (addresses.RECEIPT_HOST, engine.receipt.ip),
            (addresses.RECEIPT_GATE_HOST, engine.receipt_gate.ip),
        ):
            wanted = "certificates.wrong-pin" if name == "e1" else "certificates.good"
            assert found[f"{host} {address}:{addresses.ENGINE_PORT}"] == {wanted}
    shown = pin_of_certificate(_leaf(clinic))
    wrong = next(one for one in outcome["verdicts"] if one["code"] == "certificates.wrong-pin")
    assert shown in wrong["advice"]["en"]
    raw = "\n".join(outcome["raw"])
    assert shown in raw
    assert all(pin in raw for pin in clinic.pki.pins)


def _leaf(clinic: World) -> bytes:
    leaf, _, _ = clinic.pki.engine[EngineCertificate.WRONG_PIN].chain.partition("-----END")
    return PEM_cert_to_DER_cert(f"{leaf}-----END CERTIFICATE-----\n")
