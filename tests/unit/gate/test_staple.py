from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.ocsp import OCSPCertStatus
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.staple import Word, must_be_stapled, word
from tests.unit.gate.pki import make_pki

PKI = make_pki()
LEAF = x509.load_der_x509_certificate(PKI.engine.der)
ISSUER = PKI.engines.certificate


def told(response: bytes) -> Word:
    return word(response, LEAF, ISSUER, datetime.now(UTC))


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (OCSPCertStatus.GOOD, Word.GOOD),
        (OCSPCertStatus.REVOKED, Word.REVOKED),
        (OCSPCertStatus.UNKNOWN, Word.NOTHING),
    ],
)
def test_the_authoritys_word_counts(status: OCSPCertStatus, expected: Word) -> None:
    assert told(PKI.engines.staple(PKI.engine, status)) is expected


def test_yesterdays_word_does_not_count() -> None:
    assert told(PKI.engines.staple(PKI.engine, OCSPCertStatus.GOOD, ends=-timedelta(hours=1))) is Word.NOTHING


def test_a_word_about_another_certificate_does_not_count() -> None:
    assert told(PKI.engines.staple(PKI.engines.issue(), OCSPCertStatus.REVOKED)) is Word.NOTHING


def signer_of(authority: Any, **usage: Any) -> tuple[x509.Certificate, Any]:
    own = authority.issue("responder.example", **usage)
    return x509.load_der_x509_certificate(own.der), load_pem_private_key(own.key.encode(), None)


def test_only_whom_the_authority_has_appointed_speaks_for_it() -> None:
    appointed = signer_of(PKI.engines, responder=True)
    assert told(PKI.engines.staple(PKI.engine, OCSPCertStatus.REVOKED, signer=appointed)) is Word.REVOKED
    for signer in (
        signer_of(PKI.engines),
        signer_of(PKI.stranger, responder=True),
        signer_of(PKI.engines, responder=True, ends=-timedelta(hours=1)),
    ):
        assert told(PKI.engines.staple(PKI.engine, OCSPCertStatus.REVOKED, signer=signer)) is Word.NOTHING


@given(st.binary(max_size=200))
def test_noise_says_nothing(noise: bytes) -> None:
    assert told(noise) is Word.NOTHING


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_a_changed_byte_never_clears_or_damns_anybody(position: int, change: int) -> None:
    response = bytearray(PKI.engines.staple(PKI.engines.issue(), OCSPCertStatus.GOOD))
    response[position % len(response)] ^= change
    assert told(bytes(response)) is Word.NOTHING


def test_a_certificate_may_ask_for_a_staple() -> None:
    assert not must_be_stapled(LEAF)
    assert must_be_stapled(x509.load_der_x509_certificate(PKI.engines.issue(must_staple=True).der))
