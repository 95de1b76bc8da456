"""The device's own certificate for its page: for `apart`, in whose process alone its makers are imported.

Signed by itself, so a browser asks the first visitor, who compares its fingerprint. The key is made once: what was
compared, or printed on a label, holds for as long as the device lives. The certificate around it is made anew before
it ends, and when the router is called or found differently.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.control.ready import OwnCertificate
from appliance.files import write_atomically
from appliance.gate.config import KeyPair
from appliance.unreadable import UNREADABLE

DAYS = 397
"""Longer-lived ones browsers do not take from authorities (CA/Browser Forum, Baseline Requirements 6.3.2)."""
RENEW_BEFORE_DAYS = 100
"""Well before a light would ask somebody to renew it."""


def kept(path: Path, names: tuple[str, ...], addresses: tuple[IPv4Address, ...], now: datetime) -> OwnCertificate:
    """The certificate at `path` for these names and addresses, made or made anew where it has to be. now: aware.

    Raises OSError where it cannot be kept.
    """
    key, certificate = _read(path)
    if key is None or certificate is None or not _serves(certificate, key, {*names, *addresses}, now):
        key = key or ec.generate_private_key(ec.SECP256R1())
        certificate = _make(key, names, addresses, now)
        write_atomically(path, _pem(certificate) + _private(key), 0o600)
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return OwnCertificate(
        KeyPair(_pem(certificate), _private(key)),
        certificate.not_valid_after_utc,
        certificate.not_valid_after_utc - timedelta(days=RENEW_BEFORE_DAYS),
        certificate.fingerprint(hashes.SHA256()).hex(),
        hashlib.sha256(public).hexdigest(),
    )


def _read(path: Path) -> tuple[ec.EllipticCurvePrivateKey | None, x509.Certificate | None]:
    """What there is of both; a damaged file is as none."""
    try:
        text = path.read_bytes()
        key = load_pem_private_key(text, None)
    except (FileNotFoundError, *UNREADABLE):
        return None, None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None, None
    try:
        return key, x509.load_pem_x509_certificate(text)
    except UNREADABLE:
        return key, None


def _serves(
    certificate: x509.Certificate,
    key: ec.EllipticCurvePrivateKey,
    hosts: Collection[str | IPv4Address],
    now: datetime,
) -> bool:
    """Also not where the clock was wrong when it was made."""
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    named = {*found.get_values_for_type(x509.DNSName), *found.get_values_for_type(x509.IPAddress)}
    begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    is_in_time = begins <= now < ends - timedelta(days=RENEW_BEFORE_DAYS)
    return certificate.public_key() == key.public_key() and named == set(hosts) and is_in_time


def _make(
    key: ec.EllipticCurvePrivateKey, names: tuple[str, ...], addresses: tuple[IPv4Address, ...], now: datetime
) -> x509.Certificate:
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    now = now.astimezone(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A browser's clock may be a little behind.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=DAYS - 1))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([*map(x509.DNSName, names), *map(x509.IPAddress, addresses)]), critical=False
        )
        .sign(key, hashes.SHA256())
    )


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode()


def _private(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
