"""The certificates inside an account: opened, and checked to be usable, once, when it is issued and imported."""

from __future__ import annotations

from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from appliance.account import revocation
from appliance.account.model import Account, KeyPair
from appliance.account.service_mode import ServiceMode
from appliance.account.structure import malformed
from appliance.text import Text
from appliance.unreadable import UNREADABLE

_LEAST_RSA = 2048
_LEAST_EC = 256
"""Bits: the least that the CRYPTREC high-security TLS setting allows (TLS暗号設定ガイドライン, 高セキュリティ型)."""


def parse(pem: str) -> list[x509.Certificate]:
    """Raises ValueError when there is no certificate or one is not readable, or not whole."""
    try:
        found = x509.load_pem_x509_certificates(pem.encode())
        for one in found:
            names = one.subject.rfc4514_string(), one.issuer.rfc4514_string()
            _ = names, one.public_key(), one.signature_hash_algorithm, one.extensions
    except UNREADABLE as error:
        raise ValueError("not a certificate that can be read") from error
    return found


def check(account: Account) -> None:
    """Keys belong to their certificates, names and uses fit, anchors are CAs; dates are not looked at.

    Raises `account.malformed`, naming the key.
    """
    _check_anchors("trust_anchors", account.trust_anchors)
    _check_anchors("terminal_anchors", account.terminal_anchors)
    anchors = parse(account.trust_anchors) + parse(account.terminal_anchors)
    revocation.check("revocations", account.revocations, anchors)
    _check_pair("identity", account.identity, "clientAuth", ExtendedKeyUsageOID.CLIENT_AUTH)
    if account.page is not None:
        leaf = _check_pair("page", account.page, "serverAuth", ExtendedKeyUsageOID.SERVER_AUTH)
        for name in account.page.names:
            _check_host("page", leaf, name)
    for index, service in enumerate(account.services):
        if service.mode is ServiceMode.TERMINATE and service.presented is not None:
            key = f"services[{index}].presented"
            leaf = _check_pair(key, service.presented, "serverAuth", ExtendedKeyUsageOID.SERVER_AUTH)
            _check_host(key, leaf, service.host)


def names(certificate: x509.Certificate) -> list[str]:
    """The DNS names among the subject alternative names."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return []
    return extension.value.get_values_for_type(x509.DNSName)


def _check_host(key: str, leaf: x509.Certificate, host: str) -> None:
    if not _is_for(leaf, host):
        raise malformed(
            f"{key}.certificate",
            Text(
                f"は {host} 用の証明書ではありません（SAN にこの名前がありません）",
                f"is not for {host} (its subject alternative names lack it)",
            ),
        )


def _check_anchors(key: str, pem: str) -> None:
    for certificate in _parsed(key, pem):
        try:
            authority = certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        except x509.ExtensionNotFound:
            authority = False
        if not authority:
            subject = certificate.subject.rfc4514_string()
            raise malformed(
                key,
                Text(
                    f"に、認証局のものではない証明書（{subject}）が入っています",
                    f"contains a certificate that is not a CA's ({subject})",
                ),
            )


def _check_pair(key: str, pair: KeyPair, use_name: str, use: x509.ObjectIdentifier) -> x509.Certificate:
    """The leaf, after checking key, strength, use and the order of the chain."""
    chain = _parsed(f"{key}.certificate", pair.certificate)
    leaf = chain[0]
    try:
        private = load_pem_private_key(pair.key.get_secret_value().encode(), password=None)
    except UNREADABLE:
        raise malformed(
            f"{key}.key",
            Text("は、暗号化されていない PEM の秘密鍵ではありません", "is not an unencrypted private key in PEM"),
        ) from None
    public = private.public_key()
    if _spki(public) != _spki(leaf.public_key()):
        raise malformed(
            f"{key}.key", Text("は、証明書の鍵と組になっていません", "does not belong to the certificate beside it")
        )
    if (isinstance(public, RSAPublicKey) and public.key_size < _LEAST_RSA) or (
        isinstance(public, EllipticCurvePublicKey) and public.key_size < _LEAST_EC
    ):
        raise malformed(
            f"{key}.key",
            Text(
                f"が弱すぎます（RSA は {_LEAST_RSA} ビット、楕円曲線は {_LEAST_EC} ビット以上）",
                f"is too weak (RSA needs {_LEAST_RSA} bits, elliptic curves {_LEAST_EC})",
            ),
        )
    if not _allows(leaf, use):
        raise malformed(
            f"{key}.certificate",
            Text(
                f"は、この用途の証明書ではありません（拡張鍵用途に {use_name} がありません）",
                f"is not meant for this use (its extended key usage lacks {use_name})",
            ),
        )
    for issued, issuer in pairwise(chain):
        try:
            issued.verify_directly_issued_by(issuer)
        except (InvalidSignature, *UNREADABLE):
            raise malformed(
                f"{key}.certificate",
                Text(
                    "の並びが違います（本人の証明書、次にそれを発行した認証局、の順です）",
                    "is not in order (the own certificate first, then the CA that issued it)",
                ),
            ) from None
    return leaf


def _parsed(key: str, pem: str) -> list[x509.Certificate]:
    try:
        return parse(pem)
    except ValueError:
        raise malformed(key, Text("は PEM の証明書として読めません", "cannot be read as certificates in PEM")) from None


def _spki(key: object) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)  # type: ignore[attr-defined, no-any-return]


def _allows(certificate: x509.Certificate, use: x509.ObjectIdentifier) -> bool:
    """RFC 5280 section 4.2.1.12: without the extension, every use is allowed."""
    try:
        usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return use in usage or ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE in usage


def _is_for(certificate: x509.Certificate, host: str) -> bool:
    """RFC 6125 section 6.4: exact, or a wildcard for the whole left-most label."""
    wildcard = "*." + host.partition(".")[2]
    return any(name.lower() in (host, wildcard) for name in names(certificate))
