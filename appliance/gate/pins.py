"""SPKI pins: ``sha256/`` and the base64 of the SHA-256 of a SubjectPublicKeyInfo (RFC 7469 section 2.4).

The SubjectPublicKeyInfo is cut out of the certificate as it stands, by a walk over its DER. A library that
parses the key and writes it again may write other bytes (RSASSA-PSS keys, explicit curve parameters) and so
another pin; and importing one would double the memory of the gate process. OpenSSL has parsed and verified the
certificate before anybody asks for its pin, so that the walk meets no certificate that OpenSSL did not accept.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Collection

_SEQUENCE = 0x30
_INTEGER = 0x02
_VERSION = 0xA0


def pin_of_certificate(certificate: bytes) -> str:
    """certificate: DER. Raises ValueError when it is not an X.509 certificate."""
    return pin_of_key(subject_public_key_info(certificate))


def pin_of_key(spki: bytes) -> str:
    """spki: SubjectPublicKeyInfo in DER."""
    return "sha256/" + binascii.b2a_base64(hashlib.sha256(spki).digest(), newline=False).decode()


def is_pinned(certificate: bytes, pins: Collection[str]) -> bool:
    return pin_of_certificate(certificate) in pins


def subject_public_key_info(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a DER certificate, byte for byte (RFC 5280 section 4.1).

    Raises ValueError when the bytes up to the key, or the outermost length, are not DER.
    """
    tag, start, end = _header(certificate, 0, len(certificate))
    if tag != _SEQUENCE or end != len(certificate):
        raise ValueError("not one DER certificate")
    tag, start, end = _header(certificate, start, end)
    if tag != _SEQUENCE:
        raise ValueError("no TBSCertificate")
    if certificate[start : start + 1] == bytes([_VERSION]):
        start = _header(certificate, start, end)[2]
    # serialNumber, signature, issuer, validity, subject stand before the key.
    for expected in (_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE):
        tag, _, after = _header(certificate, start, end)
        if tag != expected:
            raise ValueError("a field before the public key is missing")
        start = after
    tag, _, after = _header(certificate, start, end)
    if tag != _SEQUENCE:
        raise ValueError("no SubjectPublicKeyInfo")
    return certificate[start:after]


def _header(data: bytes, offset: int, limit: int) -> tuple[int, int, int]:
    """(tag, first byte of the content, first byte after it) of the element at `offset` (X.690 sections 8.1, 10.1)."""
    if offset + 2 > limit:
        raise ValueError("DER element is cut short")
    tag, length, start = data[offset], data[offset + 1], offset + 2
    if length & 0x80:
        size = length & 0x7F
        if not 1 <= size <= 4 or start + size > limit:
            raise ValueError("DER length is not definite or too long")
        length = int.from_bytes(data[start : start + size], "big")
        if length < 0x80 or length >> (8 * (size - 1)) == 0:
            raise ValueError("DER length is not in its shortest form")
        start += size
    if start + length > limit:
        raise ValueError("DER element is cut short")
    return tag, start, start + length
