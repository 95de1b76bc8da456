"""What each engine address shows, whoever it is: for `apart`, where certificates are parsed.

Two handshakes for each address: the prover's own, whose word counts, and one that takes whatever is shown, so that a
wrong chain can be looked at as well. Nothing is sent in the second, and no permission hangs on either.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from appliance.control import translate
from appliance.control.ready import Ready
from appliance.diagnose.checks.certificates import EngineEvidence, Shown
from appliance.gate import postgres
from appliance.gate.profile import client_context
from appliance.gate.prove import Target, prove
from appliance.gate.reasons import TEXTS
from appliance.pins import pin_of_certificate
from appliance.text import Text
from appliance.tunnel.names import Unresolved, resolve_a

LIMIT = 5.0
NAME_LIMIT = 3.0
"""Seconds, for a handshake and for a name."""
MOST = 16
"""Addresses of one service that are looked at."""
LONGEST_CHAIN = 10
SECONDS = 15


@dataclass(frozen=True, slots=True)
class Engines:
    """targets: one for each service. dns: where the names are asked for."""

    targets: tuple[Target, ...]
    dns: tuple[IPv4Address, ...]


def engines(ready: Ready) -> Engines:
    services = tuple(translate.target(ready, service.name) for service in ready.intent.services)
    return Engines(services, ready.intent.tunnel_dns)


def gather(asked: Engines) -> tuple[EngineEvidence, ...]:
    return asyncio.run(_all(asked))


async def _all(asked: Engines) -> tuple[EngineEvidence, ...]:
    found = await asyncio.gather(*(_service(target, asked.dns) for target in asked.targets))
    return tuple(one for service in found for one in service)


async def _service(target: Target, dns: tuple[IPv4Address, ...]) -> list[EngineEvidence]:
    answer = await resolve_a(target.host, dns, target.source, NAME_LIMIT)
    if isinstance(answer, Unresolved):
        words = Text(
            f"名前のアドレスがわかりません（{answer.reason}）。", f"Its name has no address ({answer.reason})."
        )
        return [_evidence(target, "", (), (f"no-address-{answer.reason}", words))]
    return await asyncio.gather(*(_engine(target, address) for address in answer[:MOST]))


async def _engine(target: Target, address: IPv4Address) -> EngineEvidence:
    proof = await prove(target, address, LIMIT)
    chain = await asyncio.to_thread(_look, target, address)
    objection = (proof.reason.value, TEXTS[proof.reason]) if proof.reason else None
    return _evidence(target, str(address), chain, objection)


def _evidence(
    target: Target, address: str, chain: tuple[Shown, ...], objection: tuple[str, Text] | None
) -> EngineEvidence:
    return EngineEvidence(target.service, target.host, address, target.port, chain, target.pins, objection)


def _look(target: Target, address: IPv4Address) -> tuple[Shown, ...]:
    """The chain as it was sent; empty when nobody sent one."""
    context = client_context(target.trust_anchors, target.identity_certificate, target.identity_key.get_secret_value())
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with socket.create_connection((str(address), target.port), LIMIT, (str(target.source), 0)) as tcp:
            if target.protocol == "postgres":
                tcp.sendall(postgres.Word.TLS.value)
                if postgres.objection(tcp.recv(postgres.ANSWER)):
                    return ()
            with context.wrap_socket(tcp, server_hostname=target.host) as tls:
                return tuple(_shown(certificate) for certificate in _sent(tls))
    except (OSError, ValueError):
        return ()


def _sent(tls: ssl.SSLSocket) -> Iterator[bytes]:
    """In DER, leaf first."""
    if hasattr(tls, "get_unverified_chain"):
        chain: Iterable[bytes] = tls.get_unverified_chain()
    else:  # Before Python 3.13 it is there, but has no public name.
        chain = [one.public_bytes(2) for one in tls._sslobj.get_unverified_chain() or ()]  # type: ignore[attr-defined]
    yield from list(chain)[:LONGEST_CHAIN]


def _shown(certificate: bytes) -> Shown:
    """Raises ValueError."""
    # Here, so that whoever only describes what to ask does not load it.
    from cryptography import x509

    parsed = x509.load_der_x509_certificate(certificate)
    try:
        extension = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = tuple(extension.get_values_for_type(x509.DNSName))
    except (x509.ExtensionNotFound, ValueError):
        names = ()
    return Shown(
        subject=parsed.subject.rfc4514_string(),
        issuer=parsed.issuer.rfc4514_string(),
        names=names,
        begins=parsed.not_valid_before_utc,
        ends=parsed.not_valid_after_utc,
        pin=pin_of_certificate(certificate),
    )
