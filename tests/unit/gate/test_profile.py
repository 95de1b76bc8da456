from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from appliance.errors import SekishoError
from appliance.gate import contexts as gate_contexts
from appliance.gate import service
from appliance.gate.config import GateConfig
from appliance.gate.profile import POLICY, client_context, server_context


@pytest.fixture
def contexts(pki: Any) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return (
        client_context(pki.engines.pem, pki.identity.certificate, pki.identity.key),
        server_context(pki.presented.certificate, pki.presented.key, pki.terminals.pem),
    )


def test_only_ephemeral_elliptic_curves_with_aead_are_spoken(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    for context in contexts:
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        old = [cipher for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]
        assert tuple(cipher["name"] for cipher in old) == POLICY.tls12_ciphers
        assert all(cipher["aead"] and cipher["kea"] == "kx-ecdhe" for cipher in old)
        assert all(cipher["aead"] for cipher in context.get_ciphers())
        assert context.options & ssl.OP_NO_COMPRESSION
        assert context.options & ssl.OP_NO_RENEGOTIATION
        assert context.verify_mode is ssl.CERT_REQUIRED


def test_only_the_name_of_the_client_context_is_checked(contexts: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    client, server = contexts
    assert client.check_hostname and not client.hostname_checks_common_name
    assert not server.check_hostname


def test_loading_a_key_leaves_no_descriptor_and_no_file(pki: Any, tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = sorted(Path("/proc/self/fd").iterdir())
    client_context(pki.engines.pem, pki.identity.certificate, pki.identity.key)
    assert sorted(Path("/proc/self/fd").iterdir()) == before
    assert list(tmp_path.iterdir()) == []


def encrypted(key: str) -> str:
    secret = load_pem_private_key(key.encode(), None)
    return secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")).decode()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda pki: ("no anchors", pki.identity.certificate, pki.identity.key),
        lambda pki: (pki.engines.pem, "no certificate", pki.identity.key),
        lambda pki: (pki.engines.pem, pki.identity.certificate, "no key"),
        lambda pki: (pki.engines.pem, pki.identity.certificate, pki.engine.key),
        lambda pki: (pki.engines.pem, pki.identity.certificate, encrypted(pki.identity.key)),
    ],
    ids=["anchors", "certificate", "key", "another key", "encrypted key"],
)
def test_what_cannot_be_loaded_is_refused_without_quoting_it(
    spoil: Callable[[Any], tuple[str, str, str]], pki: Any
) -> None:
    for make in (client_context, lambda anchors, own, key: server_context(own, key, anchors)):
        with pytest.raises(SekishoError) as refused:
            make(*spoil(pki))
        assert refused.value.code == "gate.bad-certificate"
        assert "PRIVATE" not in str(refused.value)


def handshake(server: ssl.SSLContext, client: ssl.SSLContext) -> None:
    """A whole TLS 1.2 connection in memory; a session whose connection was not ended well is not kept by OpenSSL."""
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(down, up), server.wrap_bio(up, down, server_side=True)
    for step in ("do_handshake", "unwrap"):
        waiting = list(ends)
        while waiting:
            end = waiting.pop(0)
            try:
                getattr(end, step)()
            except ssl.SSLWantReadError:
                waiting.append(end)


def test_the_key_of_the_tickets_lives_for_an_hour(
    pki: Any, config_for: Callable[..., GateConfig], monkeypatch: Any
) -> None:
    now = 0.0
    monkeypatch.setattr(gate_contexts, "time", SimpleNamespace(monotonic=lambda: now))
    served = service.Service(config_for(443).services[0], frozenset())
    first = served.terminal_context()
    now = 3599
    assert served.terminal_context() is first
    now = 3600
    second = served.terminal_context()
    assert second is not first
    now = 7199
    assert served.terminal_context() is second


def test_sessions_of_terminals_without_tickets_do_not_pile_up(
    pki: Any, config_for: Callable[..., GateConfig], client_of: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(gate_contexts, "_SESSIONS", 5)
    served = service.Service(config_for(443).services[0], frozenset())
    terminal = client_of(pki.terminal, pki.terminals.pem)
    terminal.maximum_version = ssl.TLSVersion.TLSv1_2
    terminal.options |= ssl.OP_NO_TICKET
    terminal.check_hostname = False
    contexts = set()
    for _ in range(12):
        context = served.terminal_context()
        assert context.session_stats()["number"] < 5
        handshake(context, terminal)
        contexts.add(context)
    assert len(contexts) == 3
