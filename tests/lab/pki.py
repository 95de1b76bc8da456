"""The certificates of the world: who may call himself an engine, a clinic, a terminal, and who only pretends to."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from tests.lab import addresses

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_ENGINE_NAMES = ("*.cloud.example",)
_YEAR = timedelta(days=365)


class EngineCertificate(Enum):
    """What an engine may show: the first three are honest, each of the others is wrong in exactly one way."""

    GOOD = "good"
    BACKUP_KEY = "backup-key"
    ENDING = "ending"
    """Good, and ends within the life of a world: see `Pki.end_engine_at`."""
    WRONG_PIN = "wrong-pin"
    WRONG_NAME = "wrong-name"
    EXPIRED = "expired"
    FOREIGN_CA = "foreign-ca"


@dataclass(frozen=True)
class Credential:
    """A certificate with its private key; `chain` is PEM, leaf first."""

    certificate: x509.Certificate
    private_key: PrivateKey

    @property
    def chain(self) -> str:
        return pem(self.certificate)

    @property
    def key(self) -> str:
        return self.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()

    @property
    def pin(self) -> str:
        """RFC 7469 section 2.4."""
        info = self.certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return "sha256/" + base64.b64encode(hashlib.sha256(info).digest()).decode()


class Authority:
    """A certificate authority."""

    def __init__(self, name: str) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        self.certificate = (
            _builder(name, self._key, name, now - timedelta(days=1), now + 10 * _YEAR)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def issue(
        self,
        name: str,
        key: PrivateKey,
        hosts: Sequence[str] = (),
        not_before: datetime | None = None,
        not_after: datetime | None = None,
    ) -> Credential:
        """With `hosts` a server's certificate, without a client's. Valid from yesterday for a year if not told."""
        now = datetime.now(UTC)
        issuer = self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        builder = _builder(
            name, key, str(issuer), not_before or now - timedelta(days=1), not_after or now + _YEAR
        ).add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        builder = builder.add_extension(_usage(authority=False), critical=True)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if hosts else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False
        )
        if hosts:
            names = x509.SubjectAlternativeName([x509.DNSName(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return Credential(builder.sign(self._key, hashes.SHA256()), key)

    def take_back(self, *credentials: Credential) -> str:
        """A revocation list in PEM with their serial numbers."""
        now = datetime.now(UTC)
        builder = x509.CertificateRevocationListBuilder().issuer_name(self.certificate.subject)
        builder = builder.last_update(now - timedelta(hours=1)).next_update(now + timedelta(days=7))
        for credential in credentials:
            entry = x509.RevokedCertificateBuilder().serial_number(credential.certificate.serial_number)
            builder = builder.add_revoked_certificate(entry.revocation_date(now - timedelta(hours=1)).build())
        return builder.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


class Pki:
    """Everybody's certificates. Keys of servers are RSA: that is what the real client was seen to negotiate."""

    def __init__(self) -> None:
        self.engine_ca = Authority("Lab engine CA")
        self.clinic_ca = Authority("Lab clinic CA")
        self.terminal_ca = Authority("Lab terminal CA")
        now = datetime.now(UTC)
        own, reserve, foreign = (rsa.generate_private_key(65537, 2048) for _ in range(3))
        self.engine = {
            EngineCertificate.GOOD: self.engine_ca.issue("engine", own, _ENGINE_NAMES),
            EngineCertificate.BACKUP_KEY: self.engine_ca.issue("engine", reserve, _ENGINE_NAMES),
            EngineCertificate.WRONG_PIN: self.engine_ca.issue("engine", foreign, _ENGINE_NAMES),
            EngineCertificate.WRONG_NAME: self.engine_ca.issue("engine", own, ("other.example",)),
            EngineCertificate.EXPIRED: self.engine_ca.issue(
                "engine", own, _ENGINE_NAMES, now - 2 * _YEAR, now - timedelta(days=1)
            ),
            EngineCertificate.FOREIGN_CA: Authority("Lab foreign CA").issue("engine", own, _ENGINE_NAMES),
        }
        self.pins = tuple(self.engine[kind].pin for kind in (EngineCertificate.GOOD, EngineCertificate.BACKUP_KEY))
        self.clinic = self.clinic_ca.issue(addresses.CLINIC_ID, _small_key())
        self.gate = self.engine_ca.issue("gate", rsa.generate_private_key(65537, 2048), (addresses.RECEIPT_GATE_HOST,))
        """What the gate shows to terminals: they trust only the engine's CA, so its chain must end there."""
        self.page = self.clinic_ca.issue("page", _small_key(), (addresses.PAGE_HOST,))
        self.terminals = {name: self.terminal_ca.issue(name, _small_key()) for name in addresses.TERMINALS}
        self.forged_terminal = Authority("Lab foreign CA").issue("reception", _small_key())

    def end_engine_at(self, moment: datetime) -> None:
        """Let ``ENDING`` be the good certificate's twin, and the last second of its life the one before `moment`."""
        own = self.engine[EngineCertificate.GOOD].private_key
        ending = self.engine_ca.issue("engine", own, _ENGINE_NAMES, not_after=moment)
        self.engine[EngineCertificate.ENDING] = ending

    def write(self, directory: Path) -> None:
        """PEM files for clients and for the desk: NAME.pem, NAME.key, and for an authority NAME.pem."""
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        authorities = {
            "engine-ca": self.engine_ca,
            "clinic-ca": self.clinic_ca,
            "terminal-ca": self.terminal_ca,
        }
        for name, authority in authorities.items():
            (directory / f"{name}.pem").write_text(pem(authority.certificate))
        credentials = {
            "clinic": self.clinic,
            "gate": self.gate,
            "page": self.page,
            "forged-terminal": self.forged_terminal,
            **self.terminals,
        }
        for name, credential in credentials.items():
            (directory / f"{name}.pem").write_text(credential.chain)
            key = directory / f"{name}.key"
            key.touch(0o600)
            key.write_text(credential.key)


def pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _small_key() -> PrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _builder(
    name: str, key: PrivateKey, issuer: str, not_before: datetime, not_after: datetime
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=False,
        key_encipherment=not authority,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )
