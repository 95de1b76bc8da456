"""The gate process end to end over loopback: services that do not begin with TLS."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from appliance.gate.postgres import NO, YES, Word
from tests.unit.gate.pki import HOST, context_of
from tests.unit.gate.servers import echo, exchange, read_to_end
from tests.unit.gate.waiting import LIMIT

ConfigFor = Callable[..., GateConfig]


@pytest.fixture
def database(servers: Any, server_of: Any, pki: Any) -> Callable[..., int]:
    """A server that speaks PostgreSQL's first words. answer: to the question for TLS."""

    def start(handler: Any = echo, answer: bytes = YES) -> int:
        context = server_of(pki.engine, pki.engines.pem)

        def serve(sock: socket.socket) -> None:
            if sock.recv(8, socket.MSG_WAITALL) != Word.TLS.value:
                return
            sock.sendall(answer)
            if answer == YES:
                with context.wrap_socket(sock, server_side=True) as tls:
                    handler(tls)
            else:
                read_to_end(sock)

        return int(servers.start(serve))

    return start


def ask(port: int, *words: Word) -> tuple[socket.socket, list[bytes]]:
    """A client that says these words, one after the other, and what it hears to each."""
    sock = socket.create_connection(("127.0.0.1", port), LIMIT)
    heard = []
    for word in words:
        sock.sendall(word.value)
        heard.append(sock.recv(1))
    return sock, heard


# ---- plain ---------------------------------------------------------------------------------


def plain(config_for: ConfigFor, port: int, **changes: Any) -> GateConfig:
    return config_for(port, protocol="plain", presented=None, **changes)


def test_a_plain_terminal_speaks_to_a_pinned_engine(
    gate: Any, engine: Any, gate_port: int, pki: Any, config_for: ConfigFor
) -> None:
    seen: list[bytes | None] = []

    def look(sock: ssl.SSLSocket) -> None:
        seen.append(sock.getpeercert(binary_form=True))
        sock.sendall(b"".join(reversed(read_to_end(sock).split())))
        sock.unwrap()

    gate.configure(plain(config_for, engine(look)))
    with socket.create_connection(("127.0.0.1", gate_port), LIMIT) as sock:
        sock.sendall(b"first ")
        sock.sendall(b"second")
        # Half closed: the end of the question travels, and the answer comes back all the same.
        sock.shutdown(socket.SHUT_WR)
        assert read_to_end(sock) == b"secondfirst"
    assert set(seen) == {pki.identity.der}


def test_a_big_message_goes_both_ways(gate: Any, engine: Any, gate_port: int, config_for: ConfigFor) -> None:
    gate.configure(plain(config_for, engine()))
    message = bytes(range(256)) * 4096
    with socket.create_connection(("127.0.0.1", gate_port), LIMIT) as sock:
        sock.settimeout(LIMIT)
        received = b""
        for start in range(0, len(message), 1 << 16):
            sock.sendall(message[start : start + (1 << 16)])
            while len(received) < start + (1 << 16):
                received += sock.recv(1 << 16)
    assert received == message


def test_an_answer_that_was_cut_does_not_look_whole(
    gate: Any, engine: Any, gate_port: int, config_for: ConfigFor, assert_reset: Any
) -> None:
    def cut(sock: ssl.SSLSocket) -> None:
        sock.recv(1)
        sock.sendall(b"half of it")
        # Without a close_notify.
        socket.socket(fileno=sock.detach()).close()

    gate.configure(plain(config_for, engine(cut)))
    with socket.create_connection(("127.0.0.1", gate_port), LIMIT) as sock:
        sock.sendall(b"?")
        assert_reset(sock)


def test_a_plain_terminal_gets_nothing_from_an_impostor(
    gate: Any, engine: Any, gate_port: int, pki: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    heard: list[bytes] = []
    gate.configure(plain(config_for, engine(lambda sock: heard.append(sock.recv(9)), own=pki.engines.issue())))
    with socket.create_connection(("127.0.0.1", gate_port), LIMIT) as sock:
        sock.sendall(b"a patient")
        assert_reset(sock)
    assert gate.refusal()["reason"] == "wrong-pin"
    assert not any(heard)


def test_only_the_terminals_of_a_service_may_use_it(
    gate: Any, engine: Any, gate_port: int, config_for: ConfigFor, assert_refused: Any, assert_reset: Any
) -> None:
    both = {"127.0.0.1": "front", "127.0.0.2": "back"}
    port = engine()
    gate.configure(plain(config_for, port, terminals=both, allowed=frozenset({"127.0.0.2"})))
    assert_refused()
    assert gate.refusal()["reason"] == "terminal-not-allowed"
    with socket.create_connection(("127.0.0.1", gate_port), LIMIT, source_address=("127.0.0.2", 0)) as sock:
        sock.sendall(b"x")
        assert sock.recv(1) == b"x"
        gate.configure(plain(config_for, port, terminals=both, allowed=frozenset({"127.0.0.1"})))
        assert_reset(sock)


# ---- PostgreSQL ----------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(Word.TLS,), (Word.GSS, Word.TLS)], ids=["TLS", "GSSAPI first"])
def test_a_database_client_is_joined_with_a_pinned_server(
    words: tuple[Word, ...], gate: Any, database: Any, gate_port: int, pki: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(database(), protocol="postgres"))
    for number in range(3):
        sock, heard = ask(gate_port, *words)
        assert heard == [NO, YES][-len(words) :]
        context = context_of(ssl.PROTOCOL_TLS_CLIENT, pki.terminal, pki.terminals.pem, ciphers="DEFAULT")
        with context.wrap_socket(sock, server_hostname=HOST) as tls:
            assert exchange(tls, b"query %d" % number) == b"query %d" % number


def test_a_database_client_without_encryption_is_told_why(
    gate: Any, database: Any, gate_port: int, config_for: ConfigFor
) -> None:
    gate.configure(config_for(database(), protocol="postgres"))
    with socket.create_connection(("127.0.0.1", gate_port), LIMIT) as sock:
        # StartupMessage, protocol 3.0 (PostgreSQL, "Message Formats").
        sock.sendall(bytes.fromhex("0000001300030000") + b"user\0me\0\0\0\0")
        told = read_to_end(sock)
    assert told[:1] == b"E" and "ルーター" in told.decode()
    assert gate.refusal()["reason"] == "terminal-not-encrypted"


@pytest.mark.parametrize("answer", [NO, YES + b"E", b"E"], ids=["no", "something behind it", "an error"])
def test_a_server_that_does_not_agree_to_encryption_gets_nothing(
    answer: bytes, gate: Any, database: Any, gate_port: int, pki: Any, config_for: ConfigFor, assert_reset: Any
) -> None:
    gate.configure(config_for(database(answer=answer), protocol="postgres"))
    sock, _ = ask(gate_port, Word.TLS)
    context = context_of(ssl.PROTOCOL_TLS_CLIENT, pki.terminal, pki.terminals.pem, ciphers="DEFAULT")
    with context.wrap_socket(sock, server_hostname=HOST) as tls:
        assert_reset(tls)
    assert gate.refusal()["reason"] == "not-encrypted"
