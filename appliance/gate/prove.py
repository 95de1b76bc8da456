"""One proof: a real TLS handshake to one address, through the tunnel, and a look at who answered.

By pyOpenSSL and not by Python's own ssl, because all that speaks against a server is to be found *within* the
handshake: an impostor then never sees the clinic's certificate; and because ssl does not tell a stapled OCSP answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from OpenSSL import SSL
from OpenSSL.crypto import X509, X509StoreFlags

from appliance.gate import staple
from appliance.gate.faults import alert_in, handshake_fault, network_fault, refuses_our_certificate, verify_fault, words
from appliance.gate.pins import identity_of
from appliance.gate.profile import POLICY, bad_certificate
from appliance.gate.proof import Proof
from appliance.gate.reasons import Reason
from appliance.gate.server_name import is_for
from appliance.secret import Secret

_VERDICT_SECONDS = 2.0
"""How long a TLS 1.3 server may take to say no to our certificate after the handshake is over for us."""
_READ = 65536


@dataclass(frozen=True, slots=True)
class Target:
    """Who shall be proven. pins: ``sha256/…``. The three certificates and keys are PEM.

    source: the local address to connect from, which makes the policy rules choose the tunnel. revoked: marks of
    certificates that their CAs have taken back, see `pins`.
    """

    service: str
    host: str
    port: int
    pins: tuple[str, ...]
    trust_anchors: str
    identity_certificate: str
    identity_key: Secret
    source: IPv4Address
    revoked: frozenset[str] = frozenset()


async def prove(target: Target, address: IPv4Address, timeout: float) -> Proof:
    """Connect, handshake, verify chain, purpose, name, pin, revocation. timeout: seconds until all that must be done.

    Never raises for what the peer or the network does: that is the proof's outcome. Raises SekishoError
    ``gate.bad-certificate`` when the account's own certificates cannot be loaded.
    """
    judge = _Judge(target)
    context = _context(target, judge)

    def proof(reason: Reason | None, detail: str = "") -> Proof:
        seen = Proof(target.service, target.host, address, target.port, reason, detail)
        if judge.leaf is None:
            return seen
        return replace(seen, pin=judge.pin, not_after=judge.leaf.not_valid_after_utc, tls_version=wire.version)

    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        wire = _Wire(sock, context, target.host)
        try:
            async with asyncio.timeout(timeout):
                sock.bind((str(target.source), 0))
                await asyncio.get_running_loop().sock_connect(sock, (str(address), target.port))
                await wire.step(wire.tls.do_handshake)
        except SSL.Error as error:
            if judge.reason is not None:
                return proof(judge.reason, judge.detail)
            return proof(*_fault(error, server_spoke=wire.tls.get_cipher_name() is not None))
        except OSError as error:
            return proof(network_fault(error), words(error))
        if alert := await _refusal(wire):
            return proof(Reason.CLIENT_CERTIFICATE_REFUSED, alert)
    return proof(None)


class _Judge:
    """What speaks against the chain that a server shows, found while OpenSSL verifies it.

    reason, detail: the first that was found. leaf, pin: what the server showed, once its chain was found good.
    """

    def __init__(self, target: Target) -> None:
        self._target = target
        self.reason: Reason | None = None
        self.detail = ""
        self.leaf: x509.Certificate | None = None
        self.pin: str | None = None

    def on_certificate(self, _tls: SSL.Connection, seen: X509, code: int, depth: int, good: int) -> bool:
        """OpenSSL asks for each certificate, the leaf (depth 0) last, and for each fault (SSL_CTX_set_verify(3))."""
        certificate = seen.to_cryptography()
        if not good:
            return self._against(verify_fault(code), f"{certificate.subject.rfc4514_string()}: X509_V_ERR {code}")
        try:
            identity = identity_of(certificate.public_bytes(Encoding.DER))
        except ValueError as error:
            return self._against(Reason.CERTIFICATE_UNUSABLE, str(error))
        if identity.mark in self._target.revoked:
            return self._against(Reason.REVOKED, f"mark {identity.mark}, by the CA's list")
        if depth > 0:
            return True
        if not is_for(certificate, self._target.host):
            return self._against(Reason.WRONG_NAME, certificate.subject.rfc4514_string())
        self.leaf, self.pin = certificate, identity.pin
        if identity.pin not in self._target.pins:
            return self._against(Reason.WRONG_PIN, f"pin seen: {identity.pin}")
        return True

    def on_staple(self, tls: SSL.Connection, response: bytes, _: object) -> bool:
        """Called once the chain was found good; response: empty when there was none."""
        chain = tls.get_verified_chain(as_cryptography=True)
        if not chain:
            return self._against(Reason.CERTIFICATE_UNUSABLE, "no chain")
        leaf, issuer = chain[0], chain[min(1, len(chain) - 1)]
        match staple.word(response, leaf, issuer, datetime.now(UTC)):
            case staple.Word.REVOKED:
                return self._against(Reason.REVOKED, "by the stapled OCSP response")
            case staple.Word.NOTHING if staple.must_be_stapled(leaf):
                return self._against(Reason.STAPLE_MISSING, "the certificate asks for one (RFC 7633)")
        return True

    def _against(self, reason: Reason, detail: str) -> bool:
        if self.reason is None:
            self.reason, self.detail = reason, detail
        return False


def _context(target: Target, judge: _Judge) -> SSL.Context:
    """Raises SekishoError ``gate.bad-certificate``."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_min_proto_version(POLICY.minimum_version)
    context.set_cipher_list(POLICY.cipher_list.encode())
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_verify(SSL.VERIFY_PEER, judge.on_certificate)
    context.set_ocsp_client_callback(judge.on_staple)
    try:
        _trust(context, x509.load_pem_x509_certificates(target.trust_anchors.encode()))
        leaf, *issuers = x509.load_pem_x509_certificates(target.identity_certificate.encode())
        context.use_certificate(leaf)
        for issuer in issuers:
            context.add_extra_chain_cert(issuer)
        context.use_privatekey(load_pem_private_key(target.identity_key.get_secret_value().encode(), None))  # type: ignore[arg-type]
        context.check_privatekey()
    except (SSL.Error, ValueError, TypeError) as error:
        raise bad_certificate() from error
    return context


def _trust(context: SSL.Context, anchors: Iterable[x509.Certificate]) -> None:
    """An anchor of the account is trusted as it stands, also when it is an intermediate CA."""
    if store := context.get_cert_store():  # A context always has one.
        store.set_flags(X509StoreFlags.PARTIAL_CHAIN)
        for anchor in anchors:
            store.add_cert(X509.from_cryptography(anchor))


def _fault(error: SSL.Error, *, server_spoke: bool) -> tuple[Reason, str]:
    if isinstance(error, (SSL.SysCallError, SSL.ZeroReturnError)):
        return Reason.CONNECTION_CLOSED, "closed"
    word = _word(error)
    return handshake_fault(word, server_spoke=server_spoke), alert_in(word) or word


def _word(error: SSL.Error) -> str:
    """OpenSSL's own for the first of its errors: the others are its consequences."""
    told = error.args[0] if error.args else ()
    return str(told[0][2]) if isinstance(told, list) and told else ""


async def _refusal(wire: _Wire) -> str:
    """The alert with which the server refuses our certificate, empty when it takes it.

    In TLS 1.3 the handshake is over for the client before the server has looked at the client's certificate
    (RFC 8446 section 4.4.2.4 and appendix E.1.2). To hear its verdict without speaking the application's protocol,
    say close_notify: a server that was content answers with its own, or with data, or with the end of the
    connection; one that was not has already sent its alert, and that comes first.
    """
    try:
        async with asyncio.timeout(_VERDICT_SECONDS):
            await wire.say_goodbye()
            await wire.step(lambda: wire.tls.recv(1))
    except SSL.Error as error:
        word = _word(error)
        return alert_in(word) if refuses_our_certificate(word) else ""
    except OSError:
        # Reset or silence, after the server has proven who it is: no refusal of our certificate.
        return ""
    return ""


class _Wire:
    """A TLS client over a non-blocking socket of the running event loop.

    asyncio's own TLS transport hides the alerts that come after the handshake; this shows them.
    """

    def __init__(self, sock: socket.socket, context: SSL.Context, host: str) -> None:
        self._sock = sock
        self.tls = SSL.Connection(context, None)
        self.tls.set_connect_state()
        self.tls.set_tlsext_host_name(host.encode())
        self.tls.request_ocsp()

    @property
    def version(self) -> str:
        return self.tls.get_protocol_version_name()

    async def step(self, operation: Callable[[], object]) -> None:
        """Repeat `operation` (do_handshake, recv), moving bytes as it asks, until it is done or raises."""
        while True:
            try:
                operation()
            except SSL.WantReadError:
                await self._flush()
                if data := await asyncio.get_running_loop().sock_recv(self._sock, _READ):
                    self.tls.bio_write(data)
                else:
                    self.tls.bio_shutdown()
            except SSL.Error:
                # Tell the peer why: OpenSSL has written an alert.
                await self._flush()
                raise
            else:
                return await self._flush()

    async def say_goodbye(self) -> None:
        """Send close_notify, wait for nothing."""
        self.tls.shutdown()
        await self._flush()

    async def _flush(self) -> None:
        """A server that has refused us may have closed already: what it said before is still to be read."""
        with contextlib.suppress(SSL.WantReadError):
            while data := self.tls.bio_read(_READ):
                with contextlib.suppress(ConnectionError):
                    await asyncio.get_running_loop().sock_sendall(self._sock, data)
