"""What a server's stapled OCSP response (RFC 6960, RFC 6066 section 8) says about its certificate.

Only an answer that its CA, or whom the CA has appointed for it, has signed and that is of today says anything.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.unreadable import UNREADABLE


class Word(StrEnum):
    """nothing: no answer, or none that counts."""

    GOOD = "good"
    REVOKED = "revoked"
    NOTHING = "nothing"


def word(response: bytes, leaf: x509.Certificate, issuer: x509.Certificate, now: datetime) -> Word:
    """response: DER, or nothing. issuer: who signed `leaf`. now: aware. Never raises for what the response holds."""
    try:
        answer = ocsp.load_der_ocsp_response(response)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return Word.NOTHING
        for one in answer.responses:
            if _is_about(one, leaf, issuer) and _is_of_today(one, now) and _is_signed(answer, issuer, now):
                return _WORDS.get(one.certificate_status, Word.NOTHING)
    except (InvalidSignature, *UNREADABLE):
        pass
    return Word.NOTHING


def must_be_stapled(leaf: x509.Certificate) -> bool:
    """Whether its CA wants that it is never shown without an answer (TLS feature status_request, RFC 7633)."""
    try:
        wanted = leaf.extensions.get_extension_for_class(x509.TLSFeature).value
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False
    return x509.TLSFeatureType.status_request in wanted


_WORDS = {ocsp.OCSPCertStatus.GOOD: Word.GOOD, ocsp.OCSPCertStatus.REVOKED: Word.REVOKED}


def _is_about(one: ocsp.OCSPSingleResponse, leaf: x509.Certificate, issuer: x509.Certificate) -> bool:
    asked = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuer, one.hash_algorithm).build()
    return (one.serial_number, one.issuer_name_hash, one.issuer_key_hash) == (
        asked.serial_number,
        asked.issuer_name_hash,
        asked.issuer_key_hash,
    )


def _is_of_today(one: ocsp.OCSPSingleResponse, now: datetime) -> bool:
    """An answer without an end would be good for ever: it does not count (RFC 5019 section 2.2.4)."""
    return one.next_update_utc is not None and one.this_update_utc <= now <= one.next_update_utc


def _is_signed(answer: ocsp.OCSPResponse, issuer: x509.Certificate, now: datetime) -> bool:
    """RFC 6960 section 4.2.2.2: by the issuer itself, or by one whom it has given that office. May raise."""
    for signer in (issuer, *answer.certificates):
        if signer is issuer or _is_appointed(signer, issuer, now):
            try:
                _verify(answer, signer)
            except InvalidSignature:
                continue
            return True
    return False


def _is_appointed(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> bool:
    try:
        usage = signer.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        signer.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, *UNREADABLE):
        return False
    in_time = signer.not_valid_before_utc <= now <= signer.not_valid_after_utc
    return in_time and ExtendedKeyUsageOID.OCSP_SIGNING in usage


def _verify(answer: ocsp.OCSPResponse, signer: x509.Certificate) -> None:
    key, algorithm = signer.public_key(), answer.signature_hash_algorithm
    if isinstance(algorithm, SHA1):
        raise InvalidSignature
    if isinstance(key, RSAPublicKey) and algorithm is not None:
        key.verify(answer.signature, answer.tbs_response_bytes, PKCS1v15(), algorithm)
    elif isinstance(key, EllipticCurvePublicKey) and algorithm is not None:
        key.verify(answer.signature, answer.tbs_response_bytes, ECDSA(algorithm))
    elif isinstance(key, Ed25519PublicKey | Ed448PublicKey):
        key.verify(answer.signature, answer.tbs_response_bytes)
    else:
        raise InvalidSignature
