"""A small PKI for tests: it signs whatever is asked for, also what no CA should."""

from __future__ import annotations

import ssl
import subprocess
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.gate.config import KeyPair
from appliance.pins import identity_of, pin_of_certificate

HOST = "weborca.cloud.example"
SERVER_AUTH, CLIENT_AUTH = ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH
OCSP_SIGNING = ExtendedKeyUsageOID.OCSP_SIGNING


def pem(key: Any) -> str:
    encoded: bytes = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded.decode()


@dataclass(frozen=True)
class Credentials:
    """certificate: PEM chain, leaf first."""

    certificate: str
    key: str
    der: bytes

    @property
    def pin(self) -> str:
        return pin_of_certificate(self.der)

    @property
    def mark(self) -> str:
        return identity_of(self.der).mark

    @property
    def name(self) -> str:
        """The subject's common name."""
        return str(self._opened.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    @property
    def ends(self) -> int:
        """Unix time."""
        return int(self._opened.not_valid_after_utc.timestamp())

    @property
    def _opened(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.der)

    @property
    def pair(self) -> KeyPair:
        return KeyPair(self.certificate, self.key)


class Authority:
    """A CA. issue() signs whatever is asked for, also what no CA should."""

    def __init__(self, name: str, key: Any = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key.public_key(), ca=True)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(
        self,
        name: str = HOST,
        key: Any = None,
        *,
        server: bool = True,
        responder: bool = False,
        starts: timedelta = -timedelta(days=1),
        ends: timedelta = timedelta(days=30),
        self_signed: bool = False,
        must_staple: bool = False,
    ) -> Credentials:
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(
            subject,
            key.public_key(),
            ca=False,
            names=[name],
            usage=OCSP_SIGNING if responder else SERVER_AUTH if server else CLIENT_AUTH,
            starts=starts,
            ends=ends,
            signer=(subject, key) if self_signed else None,
            must_staple=must_staple,
        )
        return Credentials(
            certificate.public_bytes(serialization.Encoding.PEM).decode(),
            pem(key),
            certificate.public_bytes(serialization.Encoding.DER),
        )

    def issue_with_sha1(self, directory: Path) -> Credentials:
        """By OpenSSL's command: cryptography no longer signs with SHA-1."""
        good = self.issue()
        names = ("leaf.key", "leaf.csr", "ca.pem", "ca.key", "extensions", "leaf.der")
        leaf_key, request, ca, ca_key, extensions, leaf = (str(directory / name) for name in names)
        for path, content in (
            (leaf_key, good.key),
            (ca, self.pem),
            (ca_key, pem(self.key)),
            (extensions, f"subjectAltName=DNS:{HOST}\nextendedKeyUsage=serverAuth\n"),
        ):
            Path(path).write_text(content)
        for command in (
            f"openssl req -new -key {leaf_key} -subj /CN={HOST} -out {request}",
            f"openssl x509 -req -sha1 -in {request} -CA {ca} -CAkey {ca_key} -days 30 -extfile {extensions} "
            f"-outform DER -out {leaf}",
        ):
            subprocess.run(command.split(), check=True, capture_output=True)
        der = Path(leaf).read_bytes()
        return Credentials(ssl.DER_cert_to_PEM_cert(der), good.key, der)

    def _sign(
        self,
        subject: x509.Name,
        public_key: Any,
        *,
        ca: bool,
        names: list[str] | None = None,
        usage: x509.ObjectIdentifier = SERVER_AUTH,
        starts: timedelta = -timedelta(days=1),
        ends: timedelta = timedelta(days=300),
        signer: tuple[x509.Name, Any] | None = None,
        must_staple: bool = False,
    ) -> x509.Certificate:
        issuer, key = signer or (self.name, self.key)
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + starts)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False).add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
        if must_staple:
            builder = builder.add_extension(x509.TLSFeature([x509.TLSFeatureType.status_request]), critical=False)
        return builder.sign(key, hashes.SHA256())

    def subordinate(self, name: str) -> Authority:
        """A CA of its own whose certificate this one has signed."""
        other = Authority(name)
        other.certificate = self._sign(other.name, other.key.public_key(), ca=True)
        other.pem = other.certificate.public_bytes(serialization.Encoding.PEM).decode()
        return other

    def staple(
        self,
        leaf: Credentials,
        status: ocsp.OCSPCertStatus,
        *,
        ends: timedelta = timedelta(days=1),
        signer: tuple[x509.Certificate, Any] | None = None,
    ) -> bytes:
        """An OCSP response in DER about `leaf`, by this CA, or signed with another's certificate and key."""
        now = datetime.now(UTC)
        certificate, key = signer or (self.certificate, self.key)
        revoked = status is ocsp.OCSPCertStatus.REVOKED
        builder = ocsp.OCSPResponseBuilder().add_response(
            cert=x509.load_der_x509_certificate(leaf.der),
            issuer=self.certificate,
            algorithm=hashes.SHA256(),
            cert_status=status,
            this_update=now - timedelta(days=2),
            next_update=now + ends,
            revocation_time=now - timedelta(days=3) if revoked else None,
            revocation_reason=None,
        )
        builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
        return builder.certificates([certificate]).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


@dataclass(frozen=True)
class Pki:
    """engines: signs engines and the clinic. terminals: signs terminals. The monsiaj client wants RSA from the gate."""

    engines: Authority
    terminals: Authority
    stranger: Authority
    engine: Credentials
    identity: Credentials
    presented: Credentials
    terminal: Credentials
    foreign_terminal: Credentials


def make_pki() -> Pki:
    engines, terminals, stranger = Authority("engines CA"), Authority("terminals CA"), Authority("stranger CA")
    return Pki(
        engines,
        terminals,
        stranger,
        engine=engines.issue(),
        identity=engines.issue("clinic.example", server=False),
        presented=terminals.issue(key=rsa.generate_private_key(65537, 2048)),
        terminal=terminals.issue("terminal.example", server=False),
        foreign_terminal=stranger.issue("terminal.example", server=False),
    )


def context_of(
    protocol: int, own: Credentials | None, anchors: str | None, *, ciphers: str = "DEFAULT@SECLEVEL=0"
) -> ssl.SSLContext:
    """A context with OpenSSL's laxest rules, independent of the profile under test."""
    context = ssl.SSLContext(protocol)
    context.set_ciphers(ciphers)
    if own:
        with tempfile.NamedTemporaryFile("w") as stream:
            stream.write(own.certificate + own.key)
            stream.flush()
            context.load_cert_chain(stream.name)
    if anchors:
        context.load_verify_locations(cadata=anchors)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
