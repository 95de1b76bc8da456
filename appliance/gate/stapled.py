"""Asks an engine for the OCSP answer that it staples to its certificate (RFC 6066 section 8).

Python's own ssl never asks for one; pyOpenSSL does, and stands on cryptography, which the daemon does not load: this
runs in a process of its own, and seldom, because such an answer is good for hours. Who the engine is, `prove` finds
out; here only the chain must be good, so that whose word counts is known.
"""

from __future__ import annotations

import contextlib
import socket
import time
from datetime import UTC, datetime
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL import SSL
from OpenSSL.crypto import X509, X509StoreFlags

from appliance.gate import postgres
from appliance.gate.profile import POLICY, bad_certificate
from appliance.gate.proof import Stapled
from appliance.gate.prove import Target
from appliance.gate.reasons import Reason
from appliance.gate.staple import Word, must_be_stapled, word
from appliance.pins import identity_of

_READ = 65536


def ask(target: Target, address: IPv4Address, timeout: float) -> Stapled | None:
    """timeout: seconds, for all of it. Blocking. None: no handshake, for whatever reason.

    Raises SekishoError ``gate.bad-certificate`` as `prove.prove` does.
    """
    heard: list[bytes] = []
    tls = SSL.Connection(_context(target, heard), None)
    tls.set_connect_state()
    tls.set_tlsext_host_name(target.host.encode())
    tls.request_ocsp()
    deadline = time.monotonic() + timeout
    with contextlib.suppress(OSError, SSL.Error), socket.socket() as sock:
        if target.source is not None:
            sock.bind((str(target.source), 0))
        sock.settimeout(timeout)
        sock.connect((str(address), target.port))
        if target.protocol == "postgres":
            sock.sendall(postgres.Word.TLS.value)
            if postgres.objection(sock.recv(postgres.ANSWER)):
                return None
        _shake_hands(tls, sock, deadline)
        leaf, issuer = _leaf_and_issuer(tls)
        return _judged(leaf, word(b"".join(heard), leaf, issuer, datetime.now(UTC)))
    return None


def _judged(leaf: x509.Certificate, told: Word) -> Stapled:
    mark = identity_of(leaf.public_bytes(Encoding.DER)).mark
    if told is Word.NOTHING:
        return Stapled(mark, False, Reason.STAPLE_MISSING if must_be_stapled(leaf) else None)
    return Stapled(mark, True, Reason.REVOKED if told is Word.REVOKED else None)


def _shake_hands(tls: SSL.Connection, sock: socket.socket, deadline: float) -> None:
    """Raises OSError or SSL.Error."""
    while True:
        try:
            tls.do_handshake()
        except SSL.WantReadError:
            _flush(tls, sock)
            sock.settimeout(max(0.001, deadline - time.monotonic()))
            if data := sock.recv(_READ):
                tls.bio_write(data)
            else:
                tls.bio_shutdown()
        else:
            with contextlib.suppress(SSL.Error):
                tls.shutdown()
            return _flush(tls, sock)


def _flush(tls: SSL.Connection, sock: socket.socket) -> None:
    with contextlib.suppress(SSL.WantReadError):
        while data := tls.bio_read(_READ):
            sock.sendall(data)


def _leaf_and_issuer(tls: SSL.Connection) -> tuple[x509.Certificate, x509.Certificate]:
    """Raises OSError: OpenSSL has verified no chain."""
    chain = tls.get_verified_chain(as_cryptography=True)
    if not chain:
        raise ConnectionError("no chain")
    # A leaf that is itself an anchor has nobody above it.
    return chain[0], chain[min(1, len(chain) - 1)]


def _context(target: Target, heard: list[bytes]) -> SSL.Context:
    def keep(_tls: SSL.Connection, response: bytes, _: object) -> bool:
        heard.append(response)
        return True

    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(POLICY.minimum_version)
    context.set_cipher_list(POLICY.cipher_list.encode())
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_verify(SSL.VERIFY_PEER)
    context.set_ocsp_client_callback(keep)
    try:
        if store := context.get_cert_store():  # A context always has one.
            store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
            for anchor in x509.load_pem_x509_certificates(target.trust_anchors.encode()):
                store.add_cert(X509.from_cryptography(anchor))
        leaf, *issuers = x509.load_pem_x509_certificates(target.identity_certificate.encode())
        context.use_certificate(leaf)
        for issuer in issuers:
            context.add_extra_chain_cert(issuer)
        context.use_privatekey(load_pem_private_key(target.identity_key.get_secret_value().encode(), None))  # type: ignore[arg-type]
        context.check_privatekey()
    except (SSL.Error, ValueError, TypeError) as error:
        raise bad_certificate() from error
    return context
