"""One proof: a real TLS handshake to one address, through the tunnel, and a look at who answered."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from ipaddress import IPv4Address

from appliance.gate import postgres
from appliance.gate.faults import alert_in, engine_fault, network_fault, refuses_our_certificate, words
from appliance.gate.profile import client_context
from appliance.gate.proof import Proof
from appliance.gate.reasons import Reason
from appliance.pins import identity_of
from appliance.secret import Secret

_DER = 2
"""ENCODING_DER of Python's _ssl.c."""
_VERDICT_SECONDS = 2.0
"""How long a TLS 1.3 server may take to say no to our certificate after the handshake is over for us."""


@dataclass(frozen=True, slots=True)
class Target:
    """Who shall be proven. pins: ``sha256/…``. The three certificates and keys are PEM.

    source: the local address to connect from, which makes the policy rules choose the tunnel; None: the route's.
    against: what is known against certificates, by their marks (see `pins`): those that their CAs have taken back.
    protocol: how the connection begins, see `config.PROTOCOLS`.
    """

    service: str
    host: str
    port: int
    pins: tuple[str, ...]
    trust_anchors: str
    identity_certificate: str
    identity_key: Secret
    source: IPv4Address | None
    against: Mapping[str, Reason] = field(default_factory=dict)
    protocol: str = "tls"


async def prove(target: Target, address: IPv4Address, timeout: float) -> Proof:
    """Connect, handshake, verify chain, name and pin. timeout: seconds until the handshake must be done.

    Never raises for what the peer or the network does: that is the proof's outcome. Raises SekishoError
    ``gate.bad-certificate`` when the account's own certificates cannot be loaded.
    """
    context = client_context(target.trust_anchors, target.identity_certificate, target.identity_key.get_secret_value())

    proof = Proof(target.service, target.host, address, target.port, None)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        wire = _Wire(sock, context, target.host)
        try:
            async with asyncio.timeout(timeout):
                if target.source is not None:
                    sock.bind((str(target.source), 0))
                await asyncio.get_running_loop().sock_connect(sock, (str(address), target.port))
                if target.protocol == "postgres" and (reason := await _asked_for_tls(sock)):
                    return replace(proof, reason=reason)
                await wire.step(wire.tls.do_handshake)
        except ssl.SSLError as error:
            reason = engine_fault(error, server_spoke=wire.tls.cipher() is not None)
            return replace(proof, reason=reason, detail=words(error))
        except OSError as error:
            return replace(proof, reason=network_fault(error), detail=words(error))
        try:
            leaf, *issuers = (identity_of(certificate) for certificate in _chain(wire.tls))
            not_after = _not_after(wire.tls)
        except ValueError as error:
            return replace(proof, reason=Reason.CERTIFICATE_UNUSABLE, detail=str(error))
        proof = replace(proof, pin=leaf.pin, mark=leaf.mark, not_after=not_after, tls_version=wire.tls.version())
        if leaf.pin not in target.pins:
            return replace(proof, reason=Reason.WRONG_PIN, detail=f"pin seen: {leaf.pin}")
        for one in (leaf, *issuers):
            if one.mark in target.against:
                return replace(proof, reason=target.against[one.mark], detail=f"mark seen: {one.mark}")
        if alert := await _refusal(wire):
            return replace(proof, reason=Reason.CLIENT_CERTIFICATE_REFUSED, detail=alert)
    return proof


async def _asked_for_tls(sock: socket.socket) -> Reason | None:
    """In PostgreSQL's way. None: the server agrees. Raises OSError."""
    loop = asyncio.get_running_loop()
    await loop.sock_sendall(sock, postgres.Word.TLS.value)
    return postgres.objection(await loop.sock_recv(sock, postgres.ANSWER))


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
            # Not unwrap(): SSL_shutdown(3) takes a fatal alert for a close_notify.
            await wire.step(lambda: wire.tls.read(1))
    except ssl.SSLError as error:
        word = error.reason or ""
        return alert_in(word) if refuses_our_certificate(word) else ""
    except OSError:
        # Reset or silence, after the server has proven who it is: no refusal of our certificate.
        return ""
    return ""


def _chain(tls: ssl.SSLObject) -> Iterator[bytes]:
    """The chain that OpenSSL has found good, in DER, leaf first. Raises ValueError for an empty one."""
    if hasattr(tls, "get_verified_chain"):
        chain = [bytes(certificate) for certificate in tls.get_verified_chain()]
    else:  # Before Python 3.13 it is there, but has no public name.
        chain = [certificate.public_bytes(_DER) for certificate in tls._sslobj.get_verified_chain()]  # type: ignore[attr-defined]
    if not chain:
        raise ValueError("no chain")
    yield from chain


def _not_after(tls: ssl.SSLObject) -> datetime:
    """Of the leaf. Raises ValueError."""
    certificate = tls.getpeercert() or {}
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(certificate.get("notAfter"))), UTC)


class _Wire:
    """A TLS client over a non-blocking socket of the running event loop.

    asyncio's own TLS transport hides the alerts that come after the handshake; this shows them.
    """

    def __init__(self, sock: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._sock = sock
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    async def step(self, operation: Callable[[], object]) -> None:
        """Repeat `operation` (do_handshake, read), moving bytes as it asks, until it is done or raises."""
        while True:
            try:
                operation()
            except ssl.SSLWantReadError:
                await self._flush()
                if data := await asyncio.get_running_loop().sock_recv(self._sock, 65536):
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            except ssl.SSLError:
                # Tell the peer why: OpenSSL has written an alert.
                await self._flush()
                raise
            else:
                return await self._flush()

    async def say_goodbye(self) -> None:
        """Send close_notify, wait for nothing."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        await self._flush()

    async def _flush(self) -> None:
        """A server that has refused us may have closed already: what it said before is still to be read."""
        if data := self._outgoing.read():
            with contextlib.suppress(ConnectionError):
                await asyncio.get_running_loop().sock_sendall(self._sock, data)
