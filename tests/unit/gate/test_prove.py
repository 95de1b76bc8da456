"""Proofs against real TLS servers, good and bad."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import ssl
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from appliance.gate.proof import Outcome, Proof
from appliance.gate.prove import Target, prove
from appliance.gate.reasons import TEXTS, Reason
from appliance.pins import identity_of
from tests.unit.gate.impostors import CASES, Case
from tests.unit.gate.pki import HOST
from tests.unit.gate.settings import LOOPBACK


def proof_of(target: Target, port: int, timeout: float = 10.0) -> Proof:
    return asyncio.run(prove(dataclasses.replace(target, port=port), LOOPBACK, timeout))


def refused(proof: Proof, reason: Reason) -> bool:
    return (proof.outcome, proof.reason) == (Outcome.REFUSED, reason)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_an_engine_with_chain_name_and_pin_is_proven(
    version: ssl.TLSVersion, target: Target, pki: Any, servers: Any, server_of: Any, until_end: Any
) -> None:
    context = server_of(pki.engine, pki.engines.pem)
    context.minimum_version = context.maximum_version = version
    proof = proof_of(target, servers.start_tls(context, until_end))
    assert (proof.outcome, proof.reason, proof.pin) == (Outcome.PROVEN, None, pki.engine.pin)
    assert proof.tls_version == {ssl.TLSVersion.TLSv1_2: "TLSv1.2", ssl.TLSVersion.TLSv1_3: "TLSv1.3"}[version]
    assert proof.not_after is not None
    assert (proof.service, proof.host, proof.address) == ("receipt", HOST, LOOPBACK)


def test_the_server_sees_the_clinics_certificate_and_the_source_address(
    target: Target, pki: Any, servers: Any, server_of: Any, until_end: Callable[[socket.socket], bytes]
) -> None:
    seen: list[Any] = []

    def look(sock: ssl.SSLSocket) -> None:
        seen.append((sock.getpeercert(binary_form=True), sock.getpeername()[0]))
        until_end(sock)

    source = IPv4Address("127.0.0.9")
    port = servers.start_tls(server_of(pki.engine, pki.engines.pem), look)
    assert proof_of(dataclasses.replace(target, source=source), port).outcome is Outcome.PROVEN
    assert seen == [(pki.identity.der, str(source))]


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_impostor_is_refused_with_its_reason(
    case: Case, target: Target, pki: Any, servers: Any, until_end: Any, tmp_path: Path
) -> None:
    bad = case.impostor.make(pki, tmp_path)
    port = servers.start_tls(case.impostor.context(bad, pki.engines.pem, case.version), until_end)
    proof = proof_of(case.meant_by(target, bad), port)
    assert refused(proof, case.impostor.reason), proof


def test_a_good_chain_with_a_foreign_key_is_the_wrong_pin_and_says_which(
    target: Target, pki: Any, servers: Any, server_of: Any, until_end: Any
) -> None:
    other = pki.engines.issue()
    proof = proof_of(target, servers.start_tls(server_of(other, pki.engines.pem), until_end))
    assert refused(proof, Reason.WRONG_PIN)
    assert proof.pin == other.pin
    assert other.pin in proof.detail


AFTER_THE_HANDSHAKE = (Reason.WRONG_PIN, Reason.REVOKED)
"""What only a whole handshake shows, and that takes the clinic's certificate."""


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
@pytest.mark.parametrize(
    "case", [case for case in CASES if case.impostor.reason not in AFTER_THE_HANDSHAKE and case.pinned], ids=str
)
def test_an_impostor_never_sees_the_clinics_certificate(
    case: Case, target: Target, pki: Any, servers: Any, tmp_path: Path
) -> None:
    bad = case.impostor.make(pki, tmp_path)
    context = case.impostor.context(bad, pki.engines.pem, case.version)
    met: list[bytes | None] = []
    port = servers.start_tls(context, lambda sock: met.append(sock.getpeercert(binary_form=True)))
    assert proof_of(case.meant_by(target, bad), port).outcome is Outcome.REFUSED
    assert not met, "the server has got through the handshake"


def test_what_an_authority_has_taken_back_says_nothing_against_another(
    target: Target, pki: Any, servers: Any, server_of: Any, until_end: Any
) -> None:
    port = servers.start_tls(server_of(pki.engine, pki.engines.pem), until_end)
    other = dataclasses.replace(target, against={pki.engines.issue().mark: Reason.REVOKED})
    assert proof_of(other, port).outcome is Outcome.PROVEN


def test_an_authority_that_was_taken_back_takes_its_engines_with_it(
    target: Target, pki: Any, servers: Any, server_of: Any, until_end: Any
) -> None:
    middle = pki.engines.subordinate("engines CA of the branch")
    leaf = middle.issue()
    own = dataclasses.replace(leaf, certificate=leaf.certificate + middle.pem)
    port = servers.start_tls(server_of(own, pki.engines.pem), until_end)
    target = dataclasses.replace(target, pins=(own.pin,))
    assert proof_of(target, port).outcome is Outcome.PROVEN
    mark = identity_of(middle.certificate.public_bytes(Encoding.DER)).mark
    assert refused(proof_of(dataclasses.replace(target, against={mark: Reason.REVOKED}), port), Reason.REVOKED)


def test_a_curve_of_224_bits_is_not_accepted(
    target: Target, pki: Any, servers: Any, server_of: Any, until_end: Any
) -> None:
    weak = pki.engines.issue(key=ec.generate_private_key(ec.SECP224R1()))
    port = servers.start_tls(server_of(weak, pki.engines.pem), until_end)
    assert proof_of(dataclasses.replace(target, pins=(weak.pin,)), port).outcome is Outcome.REFUSED


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_server_that_refuses_our_certificate_is_heard_also_after_the_handshake(
    version: ssl.TLSVersion, target: Target, pki: Any, servers: Any, server_of: Any, until_end: Any
) -> None:
    context = server_of(pki.engine, pki.stranger.pem)
    context.minimum_version = context.maximum_version = version
    proof = proof_of(target, servers.start_tls(context, until_end))
    assert refused(proof, Reason.CLIENT_CERTIFICATE_REFUSED), proof
    assert proof.detail == "UNKNOWN_CA"


def test_a_server_that_speaks_first_is_proven(target: Target, pki: Any, servers: Any, server_of: Any) -> None:
    def greet(sock: socket.socket) -> None:
        sock.sendall(b"hello")
        sock.recv(1)

    proof = proof_of(target, servers.start_tls(server_of(pki.engine, pki.engines.pem), greet))
    assert proof.outcome is Outcome.PROVEN


def test_a_server_that_never_answers_our_close_is_proven(
    target: Target, pki: Any, servers: Any, server_of: Any, eventually: Any
) -> None:
    done: list[bool] = []
    port = servers.start_tls(server_of(pki.engine, pki.engines.pem), lambda _: eventually(lambda: done))
    try:
        assert proof_of(target, port).outcome is Outcome.PROVEN
    finally:
        done.append(True)


def test_a_server_that_answers_in_clear_is_refused(target: Target, servers: Any) -> None:
    def http(sock: socket.socket) -> None:
        sock.recv(4096)
        sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    assert refused(proof_of(target, servers.start(http)), Reason.HANDSHAKE_REFUSED)


def unreachable(proof: Proof, reason: Reason) -> bool:
    return (proof.outcome, proof.reason) == (Outcome.UNREACHABLE, reason)


def test_a_connection_that_is_closed_in_the_handshake_says_nothing_about_identity(target: Target, servers: Any) -> None:
    assert unreachable(proof_of(target, servers.start(lambda sock: sock.recv(1))), Reason.CONNECTION_CLOSED)
    assert unreachable(proof_of(target, servers.start(lambda sock: None)), Reason.CONNECTION_CLOSED)


def test_silence_is_a_timeout(target: Target, servers: Any, until_end: Any) -> None:
    assert unreachable(proof_of(target, servers.start(until_end), timeout=0.3), Reason.TIMEOUT)


def test_nobody_listening_is_connection_refused(target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        port = sock.getsockname()[1]
    assert unreachable(proof_of(target, port), Reason.CONNECTION_REFUSED)


def test_a_source_address_that_the_router_does_not_have_is_unreachable(target: Target) -> None:
    proof = proof_of(dataclasses.replace(target, source=IPv4Address("198.51.100.77")), 443)
    assert unreachable(proof, Reason.UNREACHABLE)


def test_keys_stay_out_of_representations(target: Target, pki: Any) -> None:
    assert pki.identity.key not in repr(target)
    assert "PRIVATE" not in repr(target)


def test_every_reason_has_words_in_both_languages() -> None:
    assert set(TEXTS) == set(Reason)
    assert all(text.ja and text.en for text in TEXTS.values())
