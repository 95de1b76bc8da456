"""Certificates that would only fail later, in a handshake nobody can read, are refused at the desk and on import."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.account import certificates, structure
from appliance.account.inspect import expiry_dates, pretty, redacted
from appliance.errors import SekishoError


def encrypted(pair: Any) -> str:
    return str(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x")).decode())


def pair(of: Any) -> dict[str, str]:
    return {"certificate": of.pem, "key": of.key_pem}


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
    "page for another name": (
        "page.certificate",
        lambda v, p: v.update(page={**pair(p.gate), "names": ["weborca-gate.clinic.example"]}),
    ),
    "page for clients only": (
        "page.certificate",
        lambda v, p: v.update(page={**pair(p.clinic), "names": ["weborca-gate.clinic.example"]}),
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


def test_a_certificate_for_the_page_is_taken(values: dict[str, Any], pki: Any) -> None:
    made = pki.make("page", pki.terminal_ca, dns=("router.clinic.example", "*.pages.example"))
    values["page"] = {**pair(made), "names": ["router.clinic.example", "one.pages.example"]}
    account = structure.from_json(json.dumps(values).encode())
    certificates.check(account)
    assert ("page", made.certificate.not_valid_after_utc) in expiry_dates(account)
    shown = redacted(account, account.not_before)["page"]
    assert shown["names"] == ["router.clinic.example", "one.pages.example"]
    assert made.key_pem.splitlines()[1] not in json.dumps(shown)
    assert "ルーターのページの証明書" in pretty(redacted(account, account.not_before))


def test_the_pages_name_is_no_services(values: dict[str, Any], pki: Any) -> None:
    values["page"] = {**pair(pki.gate), "names": ["weborca-gate.cloud.example"]}
    with pytest.raises(SekishoError) as caught:
        structure.from_json(json.dumps(values).encode())
    assert "weborca-gate.cloud.example" in caught.value.text.en


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
