"""A terminal fetches its next certificate from the data center's pinned host, and works with it."""

from __future__ import annotations

import dataclasses
import json
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.lab import addresses, renewal
from tests.lab.client import Login, seconds_to_refusal
from tests.lab.pki import EngineCertificate
from tests.lab.world import World
from tests.scenarios import more_services
from tests.scenarios.steps import MODES, await_light

pytestmark = pytest.mark.namespaces

PASSWORD = "lab-p12-password"
P12, P12_PASSWORD = "/etc/next.p12", "/etc/next.password"


def test_certificate_is_renewed(world: World) -> None:
    _make_the_next_certificate(world)
    host = more_services.start_host(world, "renewal", renewal.PORT, P12, P12_PASSWORD)
    clinic = more_services.begin_with(world, "renewal", addresses.RENEWAL_HOST, renewal.PORT)
    asking = dataclasses.replace(clinic.client("reception", addresses.RENEWAL_HOST), port=renewal.PORT)

    told = json.loads(asking.request("POST", renewal.PATH, b"{}", Login()))
    fetched = asking.request("GET", urlsplit(told["uri"]).path, None, Login())
    key, certificate, _ = pkcs12.load_key_and_certificates(fetched, told["pass"].encode())
    assert key is not None
    assert certificate is not None
    assert certificate.serial_number != world.pki.terminals["reception"].certificate.serial_number
    folder = world.pki_directory
    (folder / "next.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    encoding = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "next.key").write_bytes(key.private_bytes(*encoding))
    for service in MODES:
        with_it = dataclasses.replace(
            clinic.client("reception", service), cert=folder / "next.pem", key=folder / "next.key"
        )
        with_it.login()

    host.kill()
    host.wait()
    wrong = more_services.start_host(
        world, "renewal", renewal.PORT, P12, P12_PASSWORD, shown=EngineCertificate.WRONG_PIN
    )
    await_light(clinic, "engine", "engine.wrong-pin")
    seconds_to_refusal(clinic.machines["reception"], str(more_services.AT), renewal.PORT)
    for service in MODES:
        clinic.client("reception", service).login()
    wrong.kill()


def _make_the_next_certificate(world: World) -> None:
    made = world.pki.terminal_ca.issue("reception", ec.generate_private_key(ec.SECP256R1()))
    sealed = pkcs12.serialize_key_and_certificates(
        b"reception",
        made.private_key,
        made.certificate,
        None,
        serialization.BestAvailableEncryption(PASSWORD.encode()),
    )
    machine = world.machines["e1"]
    machine.write(P12, sealed, 0o600)
    machine.write(P12_PASSWORD, PASSWORD, 0o600)
