"""Documents with a signature that is right, whatever they say: what a signer with odd habits could send.

A fuzzer forges no signature; without this it would never see what lies behind one. The authority is made of fixed
numbers, so that the same input is the same document in every run.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import ocsp

SEQUENCE, BIT_STRING, OCTET_STRING, ENUMERATED = 0x30, 0x03, 0x04, 0x0A
NOW = datetime(2026, 11, 15, tzinfo=UTC)
_ED25519 = bytes.fromhex("300506032b6570")
"""AlgorithmIdentifier (RFC 8410 section 3)."""
_BASIC = bytes.fromhex("06092b0601050507300101")
"""id-pkix-ocsp-basic (RFC 6960 section 4.2.1)."""


def element(tag: int, *contents: bytes) -> bytes:
    """X.690 sections 8.1 and 10.1."""
    content = b"".join(contents)
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
    if 0x80 <= size < 0x100:
        length = bytes([0x81, size])
    return bytes([tag]) + length + content


def key(number: int) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def certificate(name: str, number: int, issuer: str, signer: int, *extensions: x509.ExtensionType) -> x509.Certificate:
    """number, signer: of the keys. Valid at `NOW` and for long."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key(number).public_key())
        .serial_number(number)
        .not_valid_before(datetime(2026, 11, 1, tzinfo=UTC))
        .not_valid_after(datetime(2046, 11, 1, tzinfo=UTC))
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return builder.sign(key(signer), None)


def key_pem(number: int) -> str:
    return key(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def signed(content: bytes, signer: int = 1) -> bytes:
    """content: a TBSCertificate or TBSCertList. Certificate or list, with a good signature (RFC 5280)."""
    return element(SEQUENCE, content, _ED25519, _signature(content, signer))


def ocsp_content() -> bytes:
    """ResponseData: `LEAF` is good (RFC 6960 section 4.2.1)."""
    builder = ocsp.OCSPResponseBuilder().add_response(
        LEAF, AUTHORITY, SHA256(), ocsp.OCSPCertStatus.GOOD, NOW, NOW + timedelta(days=1), None, None
    )
    made = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, AUTHORITY).sign(key(1), None)
    return made.tbs_response_bytes


def ocsp_response(content: bytes, *certificates: bytes, signer: int = 1) -> bytes:
    """content: ResponseData. A successful answer with a good signature, the authority's own unless another is named."""
    added = element(0xA0, element(SEQUENCE, *certificates)) if certificates else b""
    basic = element(SEQUENCE, content, _ED25519, _signature(content, signer), added)
    body = element(SEQUENCE, _BASIC, element(OCTET_STRING, basic))
    return element(SEQUENCE, element(ENUMERATED, b"\0"), element(0xA0, body))


def _signature(content: bytes, signer: int) -> bytes:
    return element(BIT_STRING, b"\0", key(signer).sign(content))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common)])


AUTHORITY = certificate("Example CA", 1, "Example CA", 1, x509.BasicConstraints(True, None))
LEAF = certificate("weborca.cloud.example", 2, "Example CA", 1)
