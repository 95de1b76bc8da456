"""Certificate revocation lists (RFC 5280 section 5): which certificates their CAs have taken back.

Every list is signed by a CA that the account names among its anchors. One that is older than it should be still
counts: what it takes back stays taken back, and an old list must not close a clinic. Its age is a light's concern.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.account.structure import malformed
from appliance.pins import issuer_of_list, mark_of
from appliance.text import Text
from appliance.unreadable import UNREADABLE as UNREADABLE_ERRORS

_BLOCK = re.compile(r"-----BEGIN X509 CRL-----[^-]*-----END X509 CRL-----")

UNREADABLE = Text("は PEM の失効リストとして読めません", "cannot be read as revocation lists in PEM")


def parse(pem: str) -> list[x509.CertificateRevocationList]:
    """Lists in PEM, one after another; none in an empty text. Raises ValueError: one cannot be read, or not whole."""
    if _BLOCK.sub("", pem).strip():
        raise ValueError("not only lists")
    try:
        lists = [x509.load_pem_x509_crl(block.encode()) for block in _BLOCK.findall(pem)]
        for one in lists:
            _ = one.issuer.rfc4514_string(), one.signature_hash_algorithm, one.extensions
    except UNREADABLE_ERRORS as error:
        raise ValueError("not a list that can be read") from error
    return lists


def check(key: str, pem: str, anchors: Iterable[x509.Certificate]) -> None:
    """Every list in `pem` is one of the anchors' and signed by it. Raises `account.malformed`, naming `key`."""
    try:
        lists = parse(pem)
    except ValueError:
        raise malformed(key, UNREADABLE) from None
    known = list(anchors)
    for one in lists:
        if not _is_of(one, known):
            issuer = one.issuer.rfc4514_string()
            raise malformed(
                key,
                Text(
                    f"に、アカウントにある認証局のものではない失効リスト（{issuer}）が入っています",
                    f"contains a revocation list of no CA of the account ({issuer})",
                ),
            )


def only_of(pem: str, anchors: Iterable[x509.Certificate]) -> str:
    """The lists in `pem` that are the anchors' and signed by them, in PEM. Raises ValueError as `parse`."""
    known = list(anchors)
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in parse(pem) if _is_of(one, known))


def marks(pem: str) -> frozenset[str]:
    """Of what the lists take back; see `appliance.pins`. pem: as `check` has found it good."""
    found = set()
    for one in parse(pem):
        issuer = issuer_of_list(one.public_bytes(Encoding.DER))
        found |= {mark_of(issuer, _content(entry.serial_number)) for entry in one if not _is_lifted(entry)}
    return frozenset(found)


def summary(pem: str) -> list[dict[str, Any]]:
    """For people and programs, JSON-ready: whose list, of when, when its successor is due, how many it takes back."""
    return [
        {
            "issuer": one.issuer.rfc4514_string(),
            "this_update": one.last_update_utc.isoformat(),
            "next_update": one.next_update_utc.isoformat() if one.next_update_utc else None,
            "count": len(one),
        }
        for one in parse(pem)
    ]


def _is_of(one: x509.CertificateRevocationList, anchors: Iterable[x509.Certificate]) -> bool:
    return any(_is_signed_by(one, anchor) for anchor in anchors)


def _is_signed_by(one: x509.CertificateRevocationList, anchor: x509.Certificate) -> bool:
    if one.issuer != anchor.subject or isinstance(one.signature_hash_algorithm, SHA1):
        return False
    try:
        return one.is_signature_valid(anchor.public_key())  # type: ignore[arg-type]
    except (InvalidSignature, *UNREADABLE_ERRORS):
        return False


def _is_lifted(entry: x509.RevokedCertificate) -> bool:
    """Taken off a list again (RFC 5280 section 5.3.1, removeFromCRL)."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except (x509.ExtensionNotFound, *UNREADABLE_ERRORS):
        return False
    return reason is x509.ReasonFlags.remove_from_crl


def _content(number: int) -> bytes:
    """Of an INTEGER in DER (X.690 section 8.3)."""
    # A CA may have numbered in a way that RFC 5280 forbids: below zero is one bit less.
    return number.to_bytes((number if number >= 0 else ~number).bit_length() // 8 + 1, "big", signed=True)
