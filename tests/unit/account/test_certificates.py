"""Certificates that would only fail later, in a handshake nobody can read, are refused at the desk and on import."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.account import certificates, structure
from appliance.errors import SekishoError


def encrypted(pair: Any) -> str:
    return str(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode())


FAULTS: dict[str, tuple[str, Callable[[dict[str, Any], Any], object]]] = {
    "anchors empty": ("trust_anchors", lambda v, p: v.update(trust_anchors="")),
    "anchors no PEM": ("terminal_anchors", lambda v, p: v.update(terminal_anchors="hello")),
    "anchor is no CA": ("trust_anchors", lambda v, p: v.update(trust_anchors=p.engine_ca.pem + p.clinic.pem)),
    "identity no PEM": ("identity.certificate", lambda v, p: v["identity"].update(certificate="")),
    "identity key of another": ("identity.key", lambda v, p: v["identity"].update(key=p.stranger.key_pem)),
    "identity key no PEM": ("identity.key", lambda v, p: v["identity"].update(key="x")),
    "identity key encrypted": ("identity.key", lambda v, p: v["identity"].update(key=encrypted(p.clinic))),
    "identity too weak": (
        "identity.key",
        lambda v, p: v["identity"].update(certificate=p.weak.pem, key=p.weak.key_pem),
    ),
    "identity for servers only": (
        "identity.certificate",
        lambda v, p: v["identity"].update(certificate=p.gate.pem, key=p.gate.key_pem),
    ),
    "presented for clients only": (
        "services[1].presented.certificate",
        lambda v, p: v["services"][1].update(presented={"certificate": p.clinic.pem, "key": p.clinic.key_pem}),
    ),
    "presented for another host": (
        "services[1].presented.certificate",
        lambda v, p: v["services"][1].update(host="other.cloud.example"),
    ),
    "chain in the wrong order": (
        "services[1].presented.certificate",
        lambda v, p: v["services"][1]["presented"].update(certificate=p.gate.pem + p.engine_ca.pem),
    ),
    "CA before the leaf": (
        "services[1].presented.key",
        lambda v, p: v["services"][1]["presented"].update(certificate=p.terminal_ca.pem + p.gate.pem),
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(values: dict[str, Any], pki: Any, secrets_inside: list[str], fault: str) -> None:
    named, change = FAULTS[fault]
    change(values, pki)
    account = structure.from_json(json.dumps(values).encode())
    with pytest.raises(SekishoError) as caught:
        certificates.check(account)
    assert caught.value.code == "account.malformed"
    for sentence in (caught.value.text.ja, caught.value.text.en):
        assert named in sentence
        assert not any(secret in sentence for secret in secrets_inside)


def test_good_ones_pass(payload: bytes) -> None:
    certificates.check(structure.from_json(payload))


@pytest.mark.parametrize(
    ("san", "good"),
    [("*.cloud.example", True), ("WebORCA-gate.cloud.example", True), ("*.example", False), ("*", False)],
)
def test_wildcards_stand_for_one_label(values: dict[str, Any], pki: Any, san: str, good: bool) -> None:
    pair = pki.make("gate", pki.terminal_ca, dns=(san,), use=ExtendedKeyUsageOID.SERVER_AUTH)
    values["services"][1]["presented"] = {"certificate": pair.pem, "key": pair.key_pem}
    account = structure.from_json(json.dumps(values).encode())
    if good:
        certificates.check(account)
    else:
        with pytest.raises(SekishoError):
            certificates.check(account)
