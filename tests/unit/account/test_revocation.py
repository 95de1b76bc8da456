from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.account import revocation
from appliance.account.inspect import list_dates
from appliance.errors import SekishoError
from tests.builders import lab_account
from tests.unit.gate.pki import Authority

NOW = datetime.now(UTC)


def revocation_list(
    authority: Authority, serials: dict[int, x509.ReasonFlags | None], signer: Authority | None = None
) -> str:
    """In PEM, of `authority`, signed by it or by `signer`. serials: what it takes back, and why."""
    builder = x509.CertificateRevocationListBuilder().issuer_name(authority.name)
    builder = builder.last_update(NOW - timedelta(days=2)).next_update(NOW - timedelta(days=1))
    for serial, reason in serials.items():
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - timedelta(days=3))
        if reason:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    signed = builder.sign((signer or authority).key, hashes.SHA256())
    return signed.public_bytes(Encoding.PEM).decode()


def test_when_the_next_lists_are_due() -> None:
    ours, other = Authority("Example CA"), Authority("Other CA")
    pem = revocation_list(ours, {}) + revocation_list(other, {1: None}) + revocation_list(ours, {2: None})
    due = (NOW - timedelta(days=1)).replace(microsecond=0)
    account = lab_account().model_copy(update={"revocations": pem})
    assert list_dates(account) == [
        ("revocations:Example CA", due),
        ("revocations:Other CA", due),
        ("revocations:Example CA#2", due),
    ]


def refused(pem: str, *anchors: Authority) -> str:
    with pytest.raises(SekishoError) as caught:
        revocation.check("revocations", pem, [anchor.certificate for anchor in anchors])
    assert caught.value.code == "account.malformed"
    return str(caught.value)


@pytest.fixture(scope="module")
def ours() -> Authority:
    return Authority("ours")


@pytest.fixture(scope="module")
def other() -> Authority:
    return Authority("other")


def test_what_a_list_takes_back_has_the_mark_of_the_certificate(ours: Authority, other: Authority) -> None:
    leaf, spared = ours.issue(), ours.issue()
    serial = x509.load_der_x509_certificate(leaf.der).serial_number
    pem = revocation_list(ours, {serial: None, 128: None, 1: None}) + "\n" + revocation_list(other, {serial: None})
    revocation.check("revocations", pem, [ours.certificate, other.certificate])
    found = revocation.marks(pem)
    assert len(found) == 4
    assert leaf.mark in found and spared.mark not in found


def test_a_list_that_is_old_still_counts(ours: Authority) -> None:
    pem = revocation_list(ours, {7: x509.ReasonFlags.key_compromise})
    revocation.check("revocations", pem, [ours.certificate])
    assert len(revocation.marks(pem)) == 1
    (told,) = revocation.summary(pem)
    assert told["count"] == 1 and datetime.fromisoformat(told["next_update"]) < NOW


def test_what_was_lifted_is_not_taken_back(ours: Authority) -> None:
    pem = revocation_list(ours, {7: x509.ReasonFlags.remove_from_crl, 8: x509.ReasonFlags.certificate_hold})
    assert len(revocation.marks(pem)) == 1


def test_no_list_takes_nothing_back() -> None:
    revocation.check("revocations", "", [])
    assert revocation.marks("") == frozenset()


def test_lists_of_strangers_and_forgeries_are_refused_with_their_name(ours: Authority, other: Authority) -> None:
    for pem in (revocation_list(other, {7: None}), revocation_list(ours, {7: None}, signer=other)):
        assert "revocation list of no CA of the account (CN=" in refused(pem, ours)


@pytest.mark.parametrize("pem", ["x", "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n"])
def test_what_is_no_list_is_refused(pem: str, ours: Authority) -> None:
    assert "revocations" in refused(pem, ours)


def test_a_list_with_words_around_it_is_refused(ours: Authority) -> None:
    refused(revocation_list(ours, {}) + "and so on", ours)
