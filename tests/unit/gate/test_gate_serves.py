"""The gate process end to end over loopback: whom it serves, and how connections end."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from appliance.gate.reserve import MOST
from tests.unit.gate.servers import echo, exchange, nothing_new

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ConfigFor = Callable[..., GateConfig]


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
    # One more waits for the next terminal.
    assert set(seen) == {(pki.identity.der, "127.0.0.7")}


def test_a_request_in_two_pieces_is_not_held_back_in_between(
    gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor, eventually: Any
) -> None:
    """With Nagle's algorithm the second piece waits for the first one's acknowledgement, and kernels like to hold that
    back: for 40 ms at least (linux/net/tcp.h, TCP_DELACK_MIN)."""
    moments: list[float] = []
    """Of each byte."""

    def note(sock: ssl.SSLSocket) -> None:
        while said := sock.recv(65536):
            moments.extend([time.monotonic()] * len(said))

    def pause() -> float:
        moments.clear()
        with terminal.connect(pki.terminal, ssl.TLSVersion.TLSv1_2) as sock:
            sock.sendall(b"head")
            sock.sendall(b"body")
            eventually(lambda: len(moments) == len(b"headbody"))
        return moments[-1] - moments[0]

    gate.configure(config_for(engine(note)))
    assert min(pause() for _ in range(10)) < 0.03


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
    assert gate.descriptors < 15 + MOST


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
        before = gate.memory
        # Nobody reads: everything between the engine and here fills up, and what the gate holds is bounded.
        time.sleep(1)
        assert not sent
        assert gate.memory < before + (4 << 20)
        rest = b""
        parts = [first]
        while rest := sock.recv(1 << 20):
            parts.append(rest)
    assert len(b"".join(parts)) == len(data)
    assert b"".join(parts) == data


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


@pytest.mark.parametrize("version", [TLS12, TLS13])
def test_a_slow_terminal_hears_the_whole_answer_of_an_engine_that_has_gone(
    version: ssl.TLSVersion, gate: Any, engine: Any, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    """What is under way is not lost when the engine ends long before the terminal has read it."""
    answer = os.urandom(3_000_000)
    gone = threading.Event()

    def answer_and_go(sock: ssl.SSLSocket) -> None:
        sock.recv(1)
        sock.sendall(answer)
        with contextlib.suppress(OSError):
            gone.set()
            sock.unwrap()

    gate.configure(config_for(engine(answer_and_go)))
    with terminal.connect(pki.terminal, version) as sock:
        sock.sendall(b"?")
        assert gone.wait(20)
        time.sleep(0.3)
        assert read_to_close_notify(sock) == answer


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
