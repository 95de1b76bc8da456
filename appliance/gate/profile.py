"""The TLS that the router speaks, as data, and the contexts made from it.

CRYPTREC's TLS configuration guideline (TLS暗号設定ガイドライン), 高セキュリティ型, as the ministry's guideline for
medical information systems asks: TLS 1.3; TLS 1.2 only with ephemeral elliptic-curve key exchange and AEAD;
RSA of 2048 bits, curves of 256 bits or more; no SHA-1, no compression, no renegotiation.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.errors import SekishoError


@dataclass(frozen=True, slots=True)
class Policy:
    """tls12_ciphers: OpenSSL's names, in order of preference. TLS 1.3 has nothing but ephemeral keys and AEAD.

    security_level: SSL_CTX_set_security_level(3); 2 means 112 bits, so RSA from 2048 bits and no SHA-1 anywhere in
    a chain. Curves under 256 bits OpenSSL 3 neither offers nor takes, neither for keys nor in certificates of peers.
    """

    minimum_version: ssl.TLSVersion
    tls12_ciphers: tuple[str, ...]
    security_level: int

    @property
    def cipher_list(self) -> str:
        """For SSL_CTX_set_cipher_list(3)."""
        return ":".join((*self.tls12_ciphers, f"@SECLEVEL={self.security_level}"))


POLICY = Policy(
    minimum_version=ssl.TLSVersion.TLSv1_2,
    tls12_ciphers=(
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
    ),
    security_level=2,
)


def client_context(trust_anchors: str, certificate: str, key: str, policy: Policy = POLICY) -> ssl.SSLContext:
    """For who connects to an engine: chain and name are verified, and the clinic's certificate is shown.

    trust_anchors, certificate (chain, leaf first), key (PKCS#8): PEM. Raises SekishoError ``gate.bad-certificate``.
    """
    context = _context(ssl.PROTOCOL_TLS_CLIENT, trust_anchors, certificate, key, policy)
    # A name is only what stands in subjectAltName (RFC 9525 section 6.3).
    context.hostname_checks_common_name = False
    return context


def server_context(
    certificate: str, key: str, terminal_anchors: str, *, by_address: bool = False, policy: Policy = POLICY
) -> ssl.SSLContext:
    """For the gate's listener: the terminal must show a certificate that ends in `terminal_anchors`. Else as above.

    by_address: it may also show none.
    """
    context = _context(ssl.PROTOCOL_TLS_SERVER, terminal_anchors, certificate, key, policy)
    context.verify_mode = ssl.CERT_OPTIONAL if by_address else ssl.CERT_REQUIRED
    # One RPC per connection: a second ticket is never used.
    context.num_tickets = 1
    return context


def page_context(certificate: str, key: str, policy: Policy = POLICY) -> ssl.SSLContext:
    """For the router's page: no certificate is asked of whoever looks at it. Else as above."""
    return _context(ssl.PROTOCOL_TLS_SERVER, None, certificate, key, policy)


def _context(protocol: int, anchors: str | None, certificate: str, key: str, policy: Policy) -> ssl.SSLContext:
    context = ssl.SSLContext(protocol)
    context.minimum_version = policy.minimum_version
    context.set_ciphers(policy.cipher_list)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # A connection that was cut must not look like one that was ended (RFC 8446 section 6.1).
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    # An anchor of the account is trusted as it stands, also when it is an intermediate CA.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        if anchors is not None:
            context.load_verify_locations(cadata=anchors)
        with _in_memory(certificate) as certificate_path, _in_memory(key) as key_path:
            # The empty password keeps OpenSSL from asking for one on the terminal.
            context.load_cert_chain(certificate_path, key_path, password="")
    except (ssl.SSLError, ValueError) as error:
        raise bad_certificate() from error
    return context


def bad_certificate() -> SekishoError:
    """For what the account itself brought and nobody can load."""
    return SekishoError(
        "gate.bad-certificate",
        "証明書または秘密鍵を読み込めません。アカウントを発行し直すよう、データセンターに頼んでください。",
        "A certificate or private key cannot be loaded. Ask the data center to issue the account again.",
    )


@contextmanager
def _in_memory(text: str) -> Iterator[str]:
    """A path under which OpenSSL can read `text` and nobody else can: the key never touches a file system."""
    descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
    try:
        with open(descriptor, "wb", closefd=False) as stream:
            stream.write(text.encode())
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)
