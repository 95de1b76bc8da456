"""The gate process end to end over loopback: terminals and engines that it refuses."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from tests.unit.gate.impostors import CASES, Case
from tests.unit.gate.pki import HOST
from tests.unit.gate.servers import exchange
from tests.unit.gate.waiting import LIMIT

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ConfigFor = Callable[..., GateConfig]


# ---- who is refused ------------------------------------------------------------------


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_terminal_without_a_certificate_is_told_so_in_tls(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine()))
    with pytest.raises(ssl.SSLError) as refusal, terminal.connect(None, version) as sock:
        sock.recv(1)
    wanted = {TLS12: "HANDSHAKE_FAILURE", TLS13: "CERTIFICATE_REQUIRED"}[version]
    assert wanted in str(refusal.value)
    assert gate.refusal() == {
        "service": "receipt",
        "terminal": "127.0.0.1",
        "address": "",
        "reason": "terminal-certificate-missing",
        "detail": "PEER_DID_NOT_RETURN_A_CERTIFICATE",
    }


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_terminal_with_a_foreign_certificate_is_told_so_in_tls(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine()))
    with pytest.raises(ssl.SSLError, match="UNKNOWN_CA"), terminal.connect(pki.foreign_terminal, version) as sock:
        sock.recv(1)
    assert gate.refusal()["reason"] == "terminal-certificate-refused"


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
def test_a_terminal_with_an_old_protocol_is_refused(gate: Any, engine: Any, gate_port: int, config_for: Any) -> None:
    gate.configure(config_for(engine()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("ALL@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", gate_port)) as raw,
        pytest.raises(ssl.SSLError, match="PROTOCOL_VERSION"),
        context.wrap_socket(raw),
    ):
        pass
    assert gate.refusal()["reason"] == "terminal-protocol-too-old"


def test_a_cipher_without_forward_secrecy_is_refused(gate: Any, engine: Any, gate_port: int, config_for: Any) -> None:
    gate.configure(config_for(engine()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.set_ciphers("AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA384")
    context.maximum_version = TLS12
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection(("127.0.0.1", gate_port)) as raw,
        pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"),
        context.wrap_socket(raw),
    ):
        pass
    assert gate.refusal()["reason"] == "terminal-handshake-failed"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"terminals": {"127.0.0.2": "back"}}, "unknown-terminal"),
        ({"open": False}, "service-closed"),
        ({"upstreams": ()}, "no-proven-engine"),
    ],
)
def test_refused_before_tls_means_reset_at_once(
    changes: dict[str, Any], reason: str, gate: Any, engine: Any, config_for: ConfigFor, assert_refused: Any
) -> None:
    gate.configure(config_for(engine(), **changes))
    assert_refused()
    assert gate.refusal()["reason"] == reason
    (by_reason,) = gate.stats()["refusals"].values()
    assert by_reason == {reason: 1}


def test_one_terminal_cannot_take_all_connections(
    gate: Any, engine: Any, gate_port: int, terminal: Any, pki: Any, config_for: ConfigFor, assert_refused: Any
) -> None:
    gate.configure(config_for(engine(), terminals={"127.0.0.1": "front", "127.0.0.2": "back"}))
    with contextlib.ExitStack() as open_sockets:
        for _ in range(200):
            open_sockets.enter_context(socket.create_connection(("127.0.0.1", gate_port)))
        assert_refused()
        assert gate.refusal()["reason"] == "too-many-connections"
        with terminal.connect(pki.terminal, address="127.0.0.2") as sock:
            assert exchange(sock, b"still served") == b"still served"


def test_nobody_holds_a_connection_by_silence(
    gate: Any, terminal: Any, gate_port: int, pki: Any, servers: Any, until_end: Any, config_for: Any, assert_reset: Any
) -> None:
    """Neither a terminal that does not begin its handshake nor an engine that does not answer in its own."""
    gate.configure(config_for(servers.start(until_end)))
    with socket.create_connection(("127.0.0.1", gate_port), 20) as silent, terminal.connect(pki.terminal) as sock:
        assert_reset(sock)
        assert_reset(silent)
    assert {gate.refusal()["reason"], gate.refusal()["reason"]} == {"terminal-too-slow", "timeout"}
    assert gate.stats()["connections"] == {"receipt": 0}


# ---- engines that are not proven -------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*TLSv1_1 is deprecated")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_an_impostor_gets_nothing_and_the_terminal_is_reset(
    case: Case,
    gate: Any,
    servers: Any,
    terminal: Any,
    pki: Any,
    config_for: ConfigFor,
    assert_reset: Any,
    tmp_path: Path,
) -> None:
    heard: list[bytes] = []

    def listen(sock: ssl.SSLSocket) -> None:
        heard.append(sock.recv(100))

    own = case.impostor.make(pki, tmp_path)
    port = servers.start_tls(case.impostor.context(own, pki.engines.pem, case.version), listen)
    gate.configure(case.meant_by_gate(config_for(port), own))
    with terminal.connect(pki.terminal) as sock:
        with contextlib.suppress(ConnectionError):
            sock.sendall(b"patient's name")
        assert_reset(sock)
    refusal = gate.refusal()
    assert (refusal["reason"], refusal["address"], refusal["service"]) == (
        case.impostor.reason,
        "127.0.0.1",
        "receipt",
    )
    assert b"".join(heard) == b""


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_an_engine_that_refuses_the_clinics_certificate_is_reported(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    gate.configure(config_for(engine(anchors=pki.stranger.pem, version=version)))
    with terminal.connect(pki.terminal) as sock:
        assert_reset(sock)
    assert gate.refusal()["reason"] == "client-certificate-refused"


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_terminal_that_leaves_without_a_word_is_not_blamed_on_the_engine(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, eventually: Any
) -> None:
    gate.configure(config_for(engine(version=version)))
    terminal.connect(pki.terminal).close()
    eventually(lambda: gate.stats()["connections"] == {"receipt": 0})
    assert gate.stats()["refusals"] == {}


def test_an_engine_that_does_not_listen_is_reported_and_the_next_one_serves(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    port = engine(address="127.0.0.3")
    config = config_for(port, upstreams=("127.0.0.2",))
    gate.configure(config)
    with terminal.connect(pki.terminal) as sock:
        assert_reset(sock)
    assert gate.refusal()["reason"] == "connection-refused"
    gate.configure(replace(config, services=(replace(config.services[0], upstreams=("127.0.0.2", "127.0.0.3")),)))
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"x") == b"x"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_revoked_terminal_is_refused_also_by_a_session_from_before(
    version: ssl.TLSVersion,
    gate: Any,
    engine: Any,
    gate_port: int,
    pki: Any,
    client_of: Any,
    config_for: ConfigFor,
    assert_reset: Any,
) -> None:
    config = config_for(engine())
    gate.configure(config)
    context = client_of(pki.terminal, pki.terminals.pem)
    context.minimum_version = context.maximum_version = version

    def connect(session: ssl.SSLSession | None) -> ssl.SSLSocket:
        sock = socket.create_connection(("127.0.0.1", gate_port), LIMIT)
        return context.wrap_socket(sock, server_hostname=HOST, session=session)

    with connect(None) as sock:
        assert exchange(sock, b"x") == b"x"
        session = sock.session
    with connect(session) as sock:
        assert sock.session_reused and exchange(sock, b"x") == b"x"
    gate.configure(replace(config, revoked=frozenset({pki.terminals.issue(server=False).mark})))
    with connect(session) as sock:
        assert exchange(sock, b"x") == b"x"
    gate.configure(replace(config, revoked=frozenset({pki.terminal.mark})))

    def refusals() -> int:
        return int(gate.stats()["refusals"].get("receipt", {}).get("terminal-certificate-revoked", 0))

    for given in (session, None):
        before = refusals()
        with contextlib.suppress(ConnectionError), connect(given) as sock:
            assert_reset(sock)
        assert refusals() == before + 1


def test_sessions_with_a_proven_engine_are_resumed_and_not_with_another_one(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_reset: Any, eventually: Any
) -> None:
    resumed: list[bool] = []

    def look(sock: ssl.SSLSocket) -> None:
        if data := sock.recv(1):
            resumed.append(bool(sock.session_reused))
            sock.sendall(data)

    port = engine(look)
    engine(look, address="127.0.0.2", port=port)
    config = config_for(port)
    for upstream in ("127.0.0.1", "127.0.0.2"):
        gate.configure(replace(config, services=(replace(config.services[0], upstreams=(upstream,)),)))
        for _ in range(3):
            with terminal.connect(pki.terminal) as sock:
                assert exchange(sock, b"x") == b"x"
            eventually(lambda: gate.stats()["waiting"]["receipt"])
        # The second one waited already while the first one learned what there is to resume.
        assert resumed == [False, False, True]
        resumed.clear()
    # New pins: the proof must be made anew, and it fails.
    other = replace(config.services[0], pins=("sha256/" + "B" * 43 + "=",), upstreams=("127.0.0.2",))
    gate.configure(replace(config, services=(other,)))
    with terminal.connect(pki.terminal) as sock:
        assert_reset(sock)
    assert gate.refusal()["reason"] == "wrong-pin"
