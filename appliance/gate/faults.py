"""What an error of ssl or socket means, as a `Reason`.

OpenSSL's words for an alert differ between versions only in their prefix (``SSLV3_ALERT_…``, ``TLSV1_ALERT_…``,
``TLSV13_ALERT_…``); what follows ``ALERT_`` is the alert's name in RFC 8446 section 6.
"""

from __future__ import annotations

import errno
import ssl

from appliance.gate.reasons import Reason

_VERIFY = {
    2: Reason.UNKNOWN_CA,
    9: Reason.NOT_YET_VALID,
    10: Reason.EXPIRED,
    18: Reason.SELF_SIGNED,
    19: Reason.UNKNOWN_CA,
    20: Reason.UNKNOWN_CA,
    21: Reason.UNKNOWN_CA,
    26: Reason.WRONG_PURPOSE,
    62: Reason.WRONG_NAME,
    66: Reason.WEAK_KEY,
    67: Reason.WEAK_KEY,
    68: Reason.SHA1,
}
_FOUND_BY_US = {
    "UNSUPPORTED_PROTOCOL": Reason.PROTOCOL_TOO_OLD,
    "WRONG_SSL_VERSION": Reason.PROTOCOL_TOO_OLD,
    "VERSION_TOO_LOW": Reason.PROTOCOL_TOO_OLD,
    "EE_KEY_TOO_SMALL": Reason.WEAK_KEY,
    "CA_KEY_TOO_SMALL": Reason.WEAK_KEY,
    "DH_KEY_TOO_SMALL": Reason.WEAK_KEY,
    "WRONG_CURVE": Reason.WEAK_KEY,
    "BAD_ECC_CERT": Reason.WEAK_KEY,
    "CA_MD_TOO_WEAK": Reason.SHA1,
}
_ABOUT_OUR_CERTIFICATE = frozenset(
    {
        "BAD_CERTIFICATE",
        "UNSUPPORTED_CERTIFICATE",
        "CERTIFICATE_REVOKED",
        "CERTIFICATE_EXPIRED",
        "CERTIFICATE_UNKNOWN",
        "CERTIFICATE_REQUIRED",
        "UNKNOWN_CA",
        "ACCESS_DENIED",
        "DECRYPT_ERROR",
    }
)
_TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW", "WRONG_SSL_VERSION"})


def alert_in(word: str) -> str:
    """The name of the alert that the other side sent, or an empty string. word: as in `handshake_fault`."""
    return _constant(word).partition("ALERT_")[2]


def refuses_our_certificate(word: str) -> bool:
    """Whether the other side's alert, whenever it came, is about the certificate that we showed."""
    return alert_in(word) in _ABOUT_OUR_CERTIFICATE


def _constant(word: str) -> str:
    return word.upper().replace(" ", "_")


def engine_fault(error: Exception, *, server_spoke: bool) -> Reason:
    """Why a handshake with an engine failed. server_spoke: a ServerHello had come before."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return verify_fault(error.verify_code)
    if not isinstance(error, ssl.SSLError):
        return network_fault(error)
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        return Reason.CONNECTION_CLOSED
    return handshake_fault(error.reason or "", server_spoke=server_spoke)


def verify_fault(code: int) -> Reason:
    """What OpenSSL has against a certificate. code: X509_V_ERR_… of openssl/x509_vfy.h"""
    return _VERIFY.get(code, Reason.CERTIFICATE_UNUSABLE)


def handshake_fault(word: str, *, server_spoke: bool) -> Reason:
    """Why a handshake with an engine was given up. word: OpenSSL's, in whatever letters."""
    alert = alert_in(word)
    if alert == "PROTOCOL_VERSION":
        return Reason.PROTOCOL_TOO_OLD
    # The bare handshake_failure of a server that has already agreed on a cipher is about our certificate.
    if alert in _ABOUT_OUR_CERTIFICATE or (alert == "HANDSHAKE_FAILURE" and server_spoke):
        return Reason.CLIENT_CERTIFICATE_REFUSED
    return _FOUND_BY_US.get(_constant(word), Reason.HANDSHAKE_REFUSED)


def terminal_fault(error: Exception) -> Reason:
    """Why a handshake with a terminal failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Reason.TERMINAL_CERTIFICATE_REFUSED
    if not isinstance(error, ssl.SSLError):
        return Reason.TERMINAL_LEFT
    if isinstance(error, (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError)):
        return Reason.TERMINAL_LEFT
    if error.reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return Reason.TERMINAL_CERTIFICATE_MISSING
    if error.reason in _TOO_OLD:
        return Reason.TERMINAL_PROTOCOL_TOO_OLD
    return Reason.TERMINAL_HANDSHAKE_FAILED


def network_fault(error: Exception) -> Reason:
    """Why a connection could not be made or broke."""
    if isinstance(error, TimeoutError):
        return Reason.TIMEOUT
    if isinstance(error, ConnectionRefusedError):
        return Reason.CONNECTION_REFUSED
    if isinstance(error, (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)):
        return Reason.CONNECTION_CLOSED
    return Reason.UNREACHABLE


def connect_fault(code: int) -> Reason:
    """The same for the errno that connect(2) left in SO_ERROR."""
    if code == errno.ETIMEDOUT:
        return Reason.TIMEOUT
    return Reason.CONNECTION_REFUSED if code == errno.ECONNREFUSED else Reason.UNREACHABLE


def words(error: Exception) -> str:
    """One line for logs. OpenSSL's and the kernel's texts hold no secret."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return error.verify_message
    if isinstance(error, ssl.SSLError):
        return alert_in(error.reason or "") or error.reason or error.strerror or type(error).__name__
    if isinstance(error, OSError) and error.errno:
        return error.strerror or errno.errorcode.get(error.errno, "")
    return type(error).__name__
