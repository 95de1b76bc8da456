"""What a certificate is known by: its pin, and the mark by which its CA revokes it.

A pin is ``sha256/`` and the base64 of the SHA-256 of the SubjectPublicKeyInfo (RFC 7469 section 2.4). A mark is issuer
and serial number, by which a CA names one certificate (RFC 5280 section 5.3): ``HASH:SERIAL``, the first 16 digits of
the SHA-256 of the issuer's name as it is encoded, and the bytes of the number, both in hexadecimal.

Both are cut out of the certificate as it stands, by a walk over its DER. A library that parses the key and writes it
again may write other bytes (RSASSA-PSS keys, explicit curve parameters) and so another pin; and importing one would
double the memory of the gate process. OpenSSL has parsed and verified the certificate before anybody asks, so that
the walk meets no certificate that OpenSSL did not accept.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_SEQUENCE = 0x30
_INTEGER = 0x02
_VERSION = 0xA0
_ISSUER_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Identity:
    """See the module."""

    pin: str
    mark: str


def identity_of(certificate: bytes) -> Identity:
    """certificate: DER (RFC 5280 section 4.1). Raises ValueError when the bytes up to the key are not one's."""
    tag, start, end = _header(certificate, 0, len(certificate))
    if tag != _SEQUENCE or end != len(certificate):
        raise ValueError("not one DER certificate")
    tag, start, end = _header(certificate, start, end)
    if tag != _SEQUENCE:
        raise ValueError("no TBSCertificate")
    if certificate[start : start + 1] == bytes([_VERSION]):
        start = _header(certificate, start, end)[2]
    fields = list(_fields(certificate, start, end, (_INTEGER, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE, _SEQUENCE)))
    serial, _signature, issuer, _validity, _subject, key = fields
    return Identity(pin_of_key(key), mark_of(issuer, serial[_header(serial, 0, len(serial))[1] :]))


def pin_of_certificate(certificate: bytes) -> str:
    """certificate: DER. Raises ValueError as `identity_of`."""
    return identity_of(certificate).pin


def pin_of_key(spki: bytes) -> str:
    """spki: SubjectPublicKeyInfo in DER."""
    return "sha256/" + binascii.b2a_base64(hashlib.sha256(spki).digest(), newline=False).decode()


def mark_of(issuer: bytes, serial: bytes) -> str:
    """issuer: a Name in DER, whole; serial: the content of an INTEGER (X.690 section 8.3)."""
    return f"{hashlib.sha256(issuer).hexdigest()[:_ISSUER_DIGITS]}:{serial.hex()}"


def issuer_of_list(revocations: bytes) -> bytes:
    """The issuer's Name, whole, of a certificate revocation list (RFC 5280 section 5.1). Raises ValueError."""
    _, start, end = _header(revocations, 0, len(revocations))
    tag, start, end = _header(revocations, start, end)
    if tag != _SEQUENCE:
        raise ValueError("no TBSCertList")
    if revocations[start : start + 1] == bytes([_INTEGER]):
        start = _header(revocations, start, end)[2]
    _signature, issuer = _fields(revocations, start, end, (_SEQUENCE, _SEQUENCE))
    return issuer


def _fields(data: bytes, start: int, end: int, tags: Iterable[int]) -> Iterator[bytes]:
    """Elements with these tags, one after another, whole."""
    for expected in tags:
        tag, _, after = _header(data, start, end)
        if tag != expected:
            raise ValueError("a field before the public key is missing")
        yield data[start:after]
        start = after


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
