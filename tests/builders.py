"""The lab's clinic as values, for tests of every room: `lab_account()`, `lab_site()` and the keys behind them.

Only documentation addresses (RFC 5737) and names under .example (RFC 2606). The certificates
and keys are real, made once per process and never on disk.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.account.model import Account
from appliance.site.model import Site

NOT_BEFORE = datetime(2025, 1, 1, tzinfo=UTC)
EXPIRES = datetime(2045, 1, 1, tzinfo=UTC)

PASSTHROUGH_HOST = "weborca.cloud.example"
TERMINATE_HOST = "weborca-gate.cloud.example"


@dataclass(frozen=True, slots=True)
class Issued:
    """A certificate with its key. chain: PEM, leaf first, without the root."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def chain(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode()

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    @property
    def pin(self) -> str:
        """RFC 7469 section 2.4, as the account writes it."""
        return pin_of(self.key.public_key())

    def as_key_pair(self) -> dict[str, str]:
        return {"certificate": self.chain, "key": self.key_pem}


@dataclass(frozen=True, slots=True)
class LabPki:
    """engine_ca signs engines and what the gate shows; terminal_ca signs terminals and the clinic itself.

    reserve: public keys that no certificate uses yet, for the second pins.
    """

    engine_ca: Issued
    terminal_ca: Issued
    passthrough_engine: Issued
    terminate_engine: Issued
    presented: Issued
    clinic: Issued
    terminal: Issued
    reserve: tuple[ec.EllipticCurvePrivateKey, ec.EllipticCurvePrivateKey]


def pin_of(key: ec.EllipticCurvePublicKey) -> str:
    spki = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "sha256/" + base64.b64encode(hashlib.sha256(spki).digest()).decode()


def authority(name: str) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(name)
    certificate = (
        _unsigned(subject, subject, key)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Issued(certificate, key)


def server(ca: Issued, host: str, **validity: datetime) -> Issued:
    return _leaf(ca, host, ExtendedKeyUsageOID.SERVER_AUTH, [x509.DNSName(host)], **validity)


def client(ca: Issued, name: str, **validity: datetime) -> Issued:
    return _leaf(ca, name, ExtendedKeyUsageOID.CLIENT_AUTH, [], **validity)


@cache
def lab_pki() -> LabPki:
    engine_ca = authority("Example Data Center CA")
    terminal_ca = authority("Example Terminal CA")
    return LabPki(
        engine_ca=engine_ca,
        terminal_ca=terminal_ca,
        passthrough_engine=server(engine_ca, PASSTHROUGH_HOST),
        terminate_engine=server(engine_ca, TERMINATE_HOST),
        presented=server(engine_ca, TERMINATE_HOST),
        clinic=client(terminal_ca, "clinic-0001"),
        terminal=client(terminal_ca, "reception"),
        reserve=(ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())),
    )


def wireguard_private_key(of: str) -> str:
    """The same for the same name: golden files and two ends of one tunnel agree."""
    return base64.b64encode(hashlib.sha256(f"private {of}".encode()).digest()).decode()


def wireguard_public_key(of: str) -> str:
    private = X25519PrivateKey.from_private_bytes(base64.b64decode(wireguard_private_key(of)))
    return base64.b64encode(private.public_key().public_bytes_raw()).decode()


def wireguard_preshared_key(of: str) -> str:
    return base64.b64encode(hashlib.sha256(f"preshared {of}".encode()).digest()).decode()


def lab_tunnel(number: int, **changes: Any) -> dict[str, Any]:
    """Tunnel to concentrator 1 or 2, as the account's keys."""
    return {
        "name": f"dc{number}",
        "endpoint_host": f"vpn{number}.dc.example",
        "endpoint_port": 51820,
        "public_key": wireguard_public_key(f"dc{number}"),
        "preshared_key": wireguard_preshared_key(f"dc{number}"),
        "inner_address": "203.0.113.129",
        "peer_address": f"203.0.113.{number}",
        "allowed_prefixes": ["203.0.113.0/25"],
    } | changes


def passthrough_service(**changes: Any) -> dict[str, Any]:
    pki = lab_pki()
    return {
        "name": "receipt",
        "host": PASSTHROUGH_HOST,
        "port": 443,
        "mode": "passthrough",
        "pins": [pki.passthrough_engine.pin, pin_of(pki.reserve[0].public_key())],
    } | changes


def terminate_service(**changes: Any) -> dict[str, Any]:
    pki = lab_pki()
    return {
        "name": "gate",
        "host": TERMINATE_HOST,
        "port": 443,
        "mode": "terminate",
        "pins": [pki.terminate_engine.pin, pin_of(pki.reserve[1].public_key())],
        "presented": pki.presented.as_key_pair(),
    } | changes


MAINTAINER: dict[str, Any] = {
    "name": "vendor",
    "title": {"ja": "サンプル商会の保守室", "en": "Sample Systems support"},
    "addresses": ["203.0.113.8", "203.0.113.9"],
}
"""As an account names who may maintain terminals from afar."""

WITHOUT_TUNNELS: dict[str, Any] = {
    "path": "internet",
    **dict.fromkeys(("wireguard_private_key", "tunnels", "dns", "monitoring", "ntp")),
}
"""Changes that make the lab's account one whose way to the engines is the internet."""


def lab_account(**changes: Any) -> Account:
    """The lab's account; `changes` replace whole top-level keys, and None takes them out."""
    pki = lab_pki()
    content: dict[str, Any] = {
        "format": 1,
        "serial": 1,
        "issuer": "Example Data Center",
        "not_before": NOT_BEFORE,
        "expires": EXPIRES,
        "clinic": {"id": "clinic-0001", "name": {"ja": "見本クリニック", "en": "Example Clinic"}},
        "wireguard_private_key": wireguard_private_key("clinic-0001"),
        "tunnels": [lab_tunnel(1), lab_tunnel(2)],
        "dns": ["203.0.113.5"],
        "services": [passthrough_service(), terminate_service()],
        "trust_anchors": pki.engine_ca.chain,
        "terminal_anchors": pki.terminal_ca.chain,
        "identity": pki.clinic.as_key_pair(),
        "monitoring": ["203.0.113.6/32"],
        "ntp": ["203.0.113.7"],
    }
    return Account.model_validate({key: value for key, value in (content | changes).items() if value is not None})


def lab_site(**changes: Any) -> Site:
    """The lab's settings; `changes` replace whole top-level keys."""
    content: dict[str, Any] = {
        "language": "ja",
        "wan": {"kind": "dhcp", "interface": "wan0"},
        "lan": {
            "interface": "lan0",
            "address": "192.0.2.1/26",
            "dhcp": {"first": "192.0.2.32", "last": "192.0.2.61"},
        },
        "terminals": [
            {"name": "reception", "label": "受付", "mac": "02:00:00:00:02:10", "address": "192.0.2.10"},
            {"name": "office", "label": "診察室", "mac": "02:00:00:00:02:11", "address": "192.0.2.11"},
        ],
        "vendor": {"name": "見本システム株式会社", "phone": "03-0000-0000"},
    }
    return Site.model_validate(content | changes)


def static_wan(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "static",
        "interface": "wan0",
        "address": "192.0.2.66/28",
        "gateway": "192.0.2.65",
        "dns": ["198.51.100.53"],
    } | changes


def _leaf(
    ca: Issued,
    name: str,
    usage: x509.ObjectIdentifier,
    names: list[x509.GeneralName],
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = EXPIRES,
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _unsigned(_subject(name), ca.certificate.subject, key, not_before, not_after)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca.key.public_key()), critical=False)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return Issued(builder.sign(ca.key, hashes.SHA256()), key)


def _unsigned(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = EXPIRES,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _subject(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
