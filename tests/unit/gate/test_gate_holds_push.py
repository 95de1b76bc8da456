"""The gate process end to end over loopback: a push channel that is asked for while there is no engine."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from tests.unit.gate.process import free_port

ConfigFor = Callable[..., GateConfig]
PUSH = b"GET /ws HTTP/1.1\r\nHost: e\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
RPC = b"POST /rpc/ HTTP/1.1\r\nHost: e\r\nContent-Length: 2\r\n\r\n{}"


def answer(sock: ssl.SSLSocket) -> None:
    while data := sock.recv(65536):
        sock.sendall(b"heard: " + data)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_it_is_there_as_soon_as_the_engine_is(
    version: ssl.TLSVersion,
    gate: Any,
    servers: Any,
    server_of: Any,
    terminal: Any,
    pki: Any,
    config_for: ConfigFor,
    assert_reset: Any,
) -> None:
    port = free_port()
    gate.configure(config_for(port))
    with terminal.connect(pki.terminal, version) as sock:
        sock.sendall(PUSH)
        # Nobody listens yet: whoever calls is refused, and this one waits.
        with terminal.connect(pki.terminal) as other:
            other.sendall(RPC)
            assert_reset(other)
        assert gate.refusal()["reason"] == "connection-refused"
        servers.start_tls(server_of(pki.engine, pki.engines.pem), answer, port=port)
        assert sock.recv(65536) == b"heard: " + PUSH
        sock.sendall(b"ping")
        assert sock.recv(65536) == b"heard: ping"
    assert not gate.refusals


def test_it_outlives_the_proof_of_an_engine_and_finds_another_one(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    config = config_for(engine(answer))

    def proven(*upstreams: str) -> None:
        gate.configure(replace(config, services=(replace(config.services[0], upstreams=upstreams),)))

    proven("127.0.0.9")
    with terminal.connect(pki.terminal) as sock:
        sock.sendall(PUSH)
        # It is refused there, and waits from then on.
        with terminal.connect(pki.terminal) as other:
            other.sendall(RPC)
            assert gate.refusal()["reason"] == "connection-refused"
        proven()
        gate.call("close", {"service": None, "address": "127.0.0.9", "reason": "its proof has lapsed"})
        proven("127.0.0.1")
        assert sock.recv(65536) == b"heard: " + PUSH


def test_a_terminal_that_leaves_takes_its_place_along(
    gate: Any, terminal: Any, pki: Any, config_for: ConfigFor, eventually: Any
) -> None:
    gate.configure(config_for(free_port()))
    with terminal.connect(pki.terminal) as sock:
        sock.sendall(PUSH)
    eventually(lambda: gate.stats()["connections"] == {"receipt": 0})
    assert not gate.refusals


def test_half_a_request_does_not_wait(
    gate: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    gate.configure(config_for(free_port()))
    with terminal.connect(pki.terminal) as sock:
        sock.sendall(PUSH[:-2])
        assert_reset(sock)
        assert gate.refusal()["reason"] == "connection-refused"
