"""Each false certificate is wrong in exactly one way: a test that refuses it refuses it for that reason."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

from tests.lab import addresses
from tests.lab.pki import Authority, EngineCertificate, Pki


@pytest.fixture(scope="module")
def pki() -> Pki:
    return Pki()


def chain_and_name_hold(certificate: x509.Certificate, authority: Authority, host: str) -> bool:
    verifier = PolicyBuilder().store(Store([authority.certificate])).build_server_verifier(x509.DNSName(host))
    try:
        verifier.verify(certificate, [])
    except VerificationError:
        return False
    return True


@pytest.mark.parametrize("host", [addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST])
@pytest.mark.parametrize("kind", [EngineCertificate.GOOD, EngineCertificate.BACKUP_KEY])
def test_honest_engines_have_chain_name_and_pin(pki: Pki, kind: EngineCertificate, host: str) -> None:
    credential = pki.engine[kind]
    assert chain_and_name_hold(credential.certificate, pki.engine_ca, host)
    assert credential.pin in pki.pins


def test_a_wrong_pin_has_a_good_chain_and_name(pki: Pki) -> None:
    credential = pki.engine[EngineCertificate.WRONG_PIN]
    assert chain_and_name_hold(credential.certificate, pki.engine_ca, addresses.RECEIPT_HOST)
    assert credential.pin not in pki.pins


@pytest.mark.parametrize(
    "kind", [EngineCertificate.WRONG_NAME, EngineCertificate.EXPIRED, EngineCertificate.FOREIGN_CA]
)
def test_the_others_have_the_right_key(pki: Pki, kind: EngineCertificate) -> None:
    credential = pki.engine[kind]
    assert credential.pin in pki.pins
    assert not chain_and_name_hold(credential.certificate, pki.engine_ca, addresses.RECEIPT_HOST)


def test_a_wrong_name_is_only_that(pki: Pki) -> None:
    credential = pki.engine[EngineCertificate.WRONG_NAME]
    assert chain_and_name_hold(credential.certificate, pki.engine_ca, "other.example")


def test_an_expired_one_has_the_right_name(pki: Pki) -> None:
    certificate = pki.engine[EngineCertificate.EXPIRED].certificate
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["*.cloud.example"]
    assert certificate.not_valid_after_utc < datetime.now(UTC)


def test_the_gate_shows_terminals_a_chain_that_they_trust(pki: Pki) -> None:
    assert chain_and_name_hold(pki.gate.certificate, pki.engine_ca, addresses.RECEIPT_GATE_HOST)
    assert not chain_and_name_hold(pki.gate.certificate, pki.engine_ca, addresses.RECEIPT_HOST)
    assert pki.gate.pin not in pki.pins


def test_keys_are_written_for_their_owner_only(pki: Pki, tmp_path: Path) -> None:
    pki.write(tmp_path / "pki")
    for key in (tmp_path / "pki").glob("*.key"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert {path.stem for path in (tmp_path / "pki").glob("*.key")} >= {"clinic", "gate", "reception", "doctor"}
