"""The gate process, end to end over loopback: mutual TLS on both sides, real sockets."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from appliance.gate.sockets import nothing_new

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ConfigFor = Callable[..., GateConfig]


def echo(sock: socket.socket) -> None:
    while data := sock.recv(65536):
        sock.sendall(data)


@pytest.fixture
def engine(pki: Any, servers: Any, server_of: Any) -> Callable[..., int]:
    def start(
        handler: Any = echo, own: Any = None, anchors: str | None = None, version: Any = None, **more: Any
    ) -> int:
        context = server_of(own or pki.engine, anchors or pki.engines.pem)
        if version:
            context.minimum_version = context.maximum_version = version
        return int(servers.start_tls(context, handler, **more))

    return start


def exchange(sock: ssl.SSLSocket, data: bytes) -> bytes:
    sock.sendall(data)
    answer = b""
    while len(answer) < len(data) and (more := sock.recv(65536)):
        answer += more
    return answer


# ---- who is served ---------------------------------------------------------------


@pytest.mark.parametrize("terminal_version", [TLS12, TLS13])
@pytest.mark.parametrize("engine_version", [TLS12, TLS13])
def test_bytes_pass_in_both_directions(
    terminal_version: ssl.TLSVersion,
    engine_version: ssl.TLSVersion,
    gate: Any,
    engine: Any,
    terminal: Any,
    pki: Any,
    config_for: ConfigFor,
) -> None:
    gate.configure(config_for(engine(version=engine_version)))
    with terminal.connect(pki.terminal, terminal_version) as sock:
        assert exchange(sock, b"hello") == b"hello"
        stats = gate.stats()
        assert stats["bytes_to_engine"] == stats["bytes_to_terminal"] == {"receipt": 5}
        assert stats["terminals"] == {"front": 1}
        cipher = sock.cipher()
        if terminal_version is TLS12:
            # What the real client negotiates, with the RSA certificate that the gate presents.
            assert cipher is not None and cipher[0] == "ECDHE-RSA-AES256-GCM-SHA384"


def test_the_engine_sees_the_clinics_certificate_never_the_terminals(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    seen: list[Any] = []

    def look(sock: ssl.SSLSocket) -> None:
        seen.append((sock.getpeercert(binary_form=True), sock.getpeername()[0]))
        echo(sock)

    gate.configure(config_for(engine(look), source="127.0.0.7"))
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"x") == b"x"
    assert seen == [(pki.identity.der, "127.0.0.7")]


def test_two_hundred_connections_one_after_the_other(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, eventually: Any
) -> None:
    gate.configure(config_for(engine()))
    for number in range(200):
        with terminal.connect(pki.terminal) as sock:
            message = f"request {number}".encode()
            assert exchange(sock, message) == message
    eventually(lambda: gate.stats()["connections"] == {"receipt": 0})
    stats = gate.stats()
    assert stats["accepted"] == {"receipt": 200}
    assert stats["refusals"] == {} and stats["terminals"] == {}
    sent = sum(len(f"request {number}") for number in range(200))
    assert stats["bytes_to_engine"] == stats["bytes_to_terminal"] == {"receipt": sent}
    assert len(os.listdir(f"/proc/{gate.process.pid}/fd")) < 15  # noqa: PTH208


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_big_transfers_in_both_directions_at_once_arrive_whole(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine()))
    data = os.urandom(24 << 20)
    with terminal.connect(pki.terminal, version) as sock:
        assert both_ways(sock, data) == data


def both_ways(sock: ssl.SSLSocket, data: bytes) -> bytes:
    """Send and receive at the same time. In one thread: an SSL object is not for two (SSL_new(3))."""
    sock.setblocking(False)
    rest, received = memoryview(data), bytearray()
    while len(received) < len(data):
        select.select([sock], [sock] if rest else [], [], 20)
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while rest:
                rest = rest[sock.send(rest[:65536]) :]
        with contextlib.suppress(ssl.SSLWantReadError, ssl.SSLWantWriteError):
            while part := sock.recv(65536):
                received += part
            return bytes(received)
    return bytes(received)


def test_a_slow_reader_holds_the_sender_back_and_loses_nothing(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, eventually: Any
) -> None:
    data = os.urandom(32 << 20)
    sent: list[bool] = []

    def pour(sock: socket.socket) -> None:
        sock.sendall(data)
        sent.append(True)

    gate.configure(config_for(engine(pour)))
    with terminal.connect(pki.terminal) as sock:
        first = sock.recv(1)
        before = memory_of(gate.process.pid)
        # Nobody reads: everything between the engine and here fills up, and what the gate holds is bounded.
        time.sleep(1)
        assert not sent
        assert memory_of(gate.process.pid) < before + (4 << 20)
        rest = b""
        parts = [first]
        while rest := sock.recv(1 << 20):
            parts.append(rest)
    assert len(b"".join(parts)) == len(data)
    assert b"".join(parts) == data


def memory_of(pid: int) -> int:
    with open(f"/proc/{pid}/statm") as stream:
        return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


# ---- how connections end -----------------------------------------------------------


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_the_end_of_an_answer_is_a_clean_one(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    def answer_and_end(sock: ssl.SSLSocket) -> None:
        sock.recv(100)
        sock.sendall(b"answer")
        with contextlib.suppress(OSError):
            sock.unwrap()

    gate.configure(config_for(engine(answer_and_end)))
    with terminal.connect(pki.terminal, version) as sock:
        sock.suppress_ragged_eofs = False
        sock.sendall(b"question")
        assert sock.recv(100) == b"answer"
        assert sock.recv(100) == b""


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_an_answer_that_was_cut_looks_cut_and_what_came_before_it_arrives(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    def answer_and_cut(sock: ssl.SSLSocket) -> None:
        sock.recv(100)
        sock.sendall(b"half an ans")

    gate.configure(config_for(engine(answer_and_cut)))
    with terminal.connect(pki.terminal, version) as sock:
        sock.suppress_ragged_eofs = False
        sock.sendall(b"question")
        assert sock.recv(100) == b"half an ans"
        with pytest.raises(ssl.SSLEOFError):
            sock.recv(100)


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_half_close_the_engine_hears_the_end_and_can_still_answer(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, until_end: Any
) -> None:
    answer = os.urandom(8 << 20)
    heard: list[bytes] = []

    def after_the_end(sock: ssl.SSLSocket) -> None:
        heard.append(until_end(sock))
        sock.sendall(answer)
        with contextlib.suppress(OSError):
            sock.unwrap()

    gate.configure(config_for(engine(after_the_end)))
    with terminal.connect(pki.terminal, version) as sock:
        sock.sendall(b"the whole question")
        received = half_close(sock) + read_to_close_notify(sock)
    assert heard == [b"the whole question"]
    assert received == answer


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_half_close_while_the_engine_is_in_full_flow_loses_nothing(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, until_end: Any
) -> None:
    answer = os.urandom(32 << 20)

    def pour(sock: ssl.SSLSocket) -> None:
        sock.sendall(answer)
        until_end(sock)
        with contextlib.suppress(OSError):
            sock.unwrap()

    gate.configure(config_for(engine(pour)))
    with terminal.connect(pki.terminal, version) as sock:
        received = sock.recv(65536) + half_close(sock) + read_to_close_notify(sock)
    assert received == answer


def test_terminals_that_hang_up_without_a_farewell_leave_nothing_standing(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, eventually: Any
) -> None:
    """As an HTTP client does after ``Connection: close``: its end may come in the very moment of the engine's."""

    def answer_and_close(sock: ssl.SSLSocket) -> None:
        sock.recv(100)
        sock.sendall(b"answer")
        with contextlib.suppress(OSError):
            sock.unwrap()

    gate.configure(config_for(engine(answer_and_close)))
    for _ in range(60):
        sock = terminal.connect(pki.terminal, TLS12)
        sock.sendall(b"question")
        assert sock.recv(100) == b"answer"
        sock.close()
    eventually(lambda: gate.stats()["connections"] == {"receipt": 0})


def half_close(sock: ssl.SSLSocket) -> bytes:
    """Send close_notify and go on reading; returns what came before. Python's ssl needs help with that, as the gate."""
    parts: list[bytes] = []
    sock.setblocking(False)
    with nothing_new(sock):
        with contextlib.suppress(ssl.SSLWantReadError):
            while True:
                parts.append(sock.recv(65536))
        with pytest.raises(ssl.SSLWantReadError):
            sock.unwrap()
    sock.settimeout(20)
    return b"".join(parts)


def read_to_close_notify(sock: ssl.SSLSocket) -> bytes:
    parts: list[bytes] = []
    with contextlib.suppress(ssl.SSLZeroReturnError):
        while data := sock.recv(65536):
            parts.append(data)
    return b"".join(parts)


def test_a_terminal_that_dies_is_a_reset_for_the_engine(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, eventually: Any
) -> None:
    errors: list[BaseException] = []

    def wait(sock: ssl.SSLSocket) -> None:
        try:
            sock.recv(100)
            sock.sendall(b"x")
            socket.socket.recv(sock, 100)
        except OSError as error:
            errors.append(error)

    gate.configure(config_for(engine(wait)))
    sock = terminal.connect(pki.terminal)
    sock.sendall(b"question")
    assert sock.recv(1) == b"x"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    sock.close()
    eventually(lambda: errors)
    assert isinstance(errors[0], ConnectionResetError)


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


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.parametrize(
    ("credentials", "reason"),
    [
        (lambda pki: pki.engines.issue(), "wrong-pin"),
        (lambda pki: pki.engines.issue("other.cloud.example"), "wrong-name"),
        (lambda pki: pki.stranger.issue(), "unknown-ca"),
    ],
    ids=["pin", "name", "ca"],
)
def test_an_engine_that_is_not_ours_gets_nothing_and_the_terminal_is_reset(
    version: ssl.TLSVersion,
    credentials: Any,
    reason: str,
    gate: Any,
    engine: Any,
    terminal: Any,
    pki: Any,
    config_for: ConfigFor,
    assert_reset: Any,
) -> None:
    heard: list[bytes] = []

    def listen(sock: ssl.SSLSocket) -> None:
        heard.append(sock.recv(100))

    gate.configure(config_for(engine(listen, own=credentials(pki), version=version)))
    with terminal.connect(pki.terminal) as sock:
        sock.sendall(b"patient's name")
        assert_reset(sock)
    refusal = gate.refusal()
    assert (refusal["reason"], refusal["address"], refusal["service"]) == (reason, "127.0.0.1", "receipt")
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


def test_sessions_with_a_proven_engine_are_resumed_and_not_with_another_one(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    resumed: list[bool] = []

    def look(sock: ssl.SSLSocket) -> None:
        resumed.append(bool(sock.session_reused))
        echo(sock)

    port = engine(look)
    engine(look, address="127.0.0.2", port=port)
    config = config_for(port)
    for upstreams in (("127.0.0.1",), ("127.0.0.1",), ("127.0.0.2",), ("127.0.0.2",)):
        gate.configure(replace(config, services=(replace(config.services[0], upstreams=upstreams),)))
        with terminal.connect(pki.terminal) as sock:
            assert exchange(sock, b"x") == b"x"
    assert resumed == [False, True, False, True]
    # New pins: the proof must be made anew, and it fails.
    other = replace(config.services[0], pins=("sha256/" + "B" * 43 + "=",), upstreams=("127.0.0.2",))
    gate.configure(replace(config, services=(other,)))
    with terminal.connect(pki.terminal) as sock:
        assert_reset(sock)
    assert gate.refusal()["reason"] == "wrong-pin"


# ---- the daemon's orders -------------------------------------------------------------------


def test_the_same_configuration_again_changes_nothing(gate: Any, engine: Any, config_for: ConfigFor) -> None:
    config = config_for(engine())
    assert gate.configure(config) is True
    assert gate.configure(config) is False


def test_changed_upstreams_and_a_closed_service_leave_connections_alone(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_refused: Any
) -> None:
    config = config_for(engine())
    gate.configure(config)
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"
        changed = replace(config.services[0], upstreams=("127.0.0.9",), open=False)
        assert gate.configure(replace(config, services=(changed,))) is True
        assert exchange(sock, b"b") == b"b"
        assert_refused()
        assert exchange(sock, b"c") == b"c"


@pytest.mark.parametrize(
    "change",
    [
        lambda config: replace(config, services=()),
        lambda config: replace(config, terminals={}),
        lambda config: replace(config, services=(replace(config.services[0], pins=("sha256/" + "A" * 43 + "=",)),)),
    ],
    ids=["service gone", "terminal gone", "pin withdrawn"],
)
def test_what_is_no_longer_allowed_is_reset(
    change: Any, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    config = config_for(engine())
    gate.configure(config)
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"
        gate.configure(change(config))
        assert_reset(sock)


@pytest.mark.parametrize(
    ("params", "closed"),
    [
        ({"service": "receipt", "address": None}, 1),
        ({"service": None, "address": "127.0.0.1"}, 1),
        ({"service": "other", "address": None}, 0),
        ({"service": "receipt", "address": "127.0.0.2"}, 0),
    ],
)
def test_close_resets_the_connections_it_names(
    params: dict[str, Any],
    closed: int,
    gate: Any,
    engine: Any,
    terminal: Any,
    pki: Any,
    config_for: ConfigFor,
    assert_reset: Any,
    eventually: Any,
) -> None:
    gate.configure(config_for(engine()))
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"
        assert gate.call("close", {**params, "reason": "wrong-pin"}) == closed
        if closed:
            assert_reset(sock)
        else:
            assert exchange(sock, b"b") == b"b"


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (lambda c: {**c, "surplus": 1}, "gate.bad-config"),
        (lambda c: {**c, "services": [{**c["services"][0], "port": 0}]}, "gate.bad-config"),
        (lambda c: {**c, "services": [{**c["services"][0], "upstreams": ["engine"]}]}, "gate.bad-config"),
        (lambda c: {**c, "services": c["services"] * 2}, "gate.bad-config"),
        (lambda c: {**c, "services": [{**c["services"][0], "trust_anchors": "none"}]}, "gate.bad-certificate"),
        (
            lambda c: {
                **c,
                "services": [{**c["services"][0], "identity": c["services"][0]["presented"] | {"key": "x"}}],
            },
            "gate.bad-certificate",
        ),
        (lambda c: {**c, "services": [{**c["services"][0], "listen": ["198.51.100.1", 443]}]}, "gate.cannot-listen"),
    ],
)
def test_a_bad_configuration_is_refused_and_the_old_one_stays(
    spoil: Any, code: str, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    config = config_for(engine())
    gate.configure(config)
    with terminal.connect(pki.terminal) as sock:
        with pytest.raises(LookupError, match=code):
            gate.call("configure", spoil(config.as_json()))
        assert exchange(sock, b"a") == b"a"
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, b"a") == b"a"


def test_nonsense_on_the_control_socket_is_answered(gate: Any) -> None:
    for line in (b"nonsense\n", b"[1]\n", b'{"id": 1}\n', b'{"id": 1, "method": "fly"}\n', b'{"id":1,"method":[]}\n'):
        gate.socket.sendall(line)
        assert "error" in gate._next()


def test_the_daemon_may_come_and_go(gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor) -> None:
    gate.configure(config_for(engine()))
    with terminal.connect(pki.terminal) as sock:
        gate.reconnect()
        assert exchange(sock, b"a") == b"a"
    assert gate.configure(config_for(engine(), open=False)) is True


def test_the_control_socket_is_for_its_owner_only(gate: Any) -> None:
    assert gate.path.stat().st_mode & 0o777 == 0o600


def test_keys_are_in_no_argument_environment_or_file(gate: Any, engine: Any, pki: Any, config_for: ConfigFor) -> None:
    gate.configure(config_for(engine()))
    secret = pki.presented.key.splitlines()[1].encode()
    for name in ("cmdline", "environ"):
        with open(f"/proc/{gate.process.pid}/{name}", "rb") as stream:
            assert secret not in stream.read()
    with open(f"/proc/{gate.process.pid}/limits") as stream:
        assert any(line.split()[:5] == ["Max", "core", "file", "size", "0"] for line in stream)


def test_a_second_process_leaves_the_first_one_its_socket(gate: Any) -> None:
    second = subprocess.run([sys.executable, "-m", "appliance.gate", gate.path], capture_output=True, timeout=20)
    assert second.returncode == 1
    assert b"cannot listen" in second.stderr
    assert gate.stats()["refusals"] == {}


def test_the_socket_of_a_killed_process_is_taken_over(gate: Any) -> None:
    gate.disconnect()
    gate.process.kill()
    gate.process.wait()
    gate.start()
    assert gate.stats()["refusals"] == {}


def test_without_a_socket_to_listen_on_it_says_how_it_is_called() -> None:
    wrong = subprocess.run([sys.executable, "-m", "appliance.gate"], capture_output=True, timeout=20)
    assert wrong.returncode == 2
    assert b"usage" in wrong.stderr
