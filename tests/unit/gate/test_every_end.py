"""Whoever ends, and however: no connection is left standing, no byte is invented, no error of ours comes up."""

from __future__ import annotations

import contextlib
import random
import socket
import ssl
import struct
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.unit.gate.servers import nothing_new

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ANSWER = random.Random(1).randbytes(3 << 20)


def clean(sock: ssl.SSLSocket) -> None:
    sock.unwrap()


def cut(sock: ssl.SSLSocket) -> None:
    sock.close()


def abort(sock: ssl.SSLSocket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def half(sock: ssl.SSLSocket) -> None:
    sock.setblocking(False)
    with nothing_new(sock), contextlib.suppress(ssl.SSLWantReadError):
        while sock.recv(65536):
            pass
    with contextlib.suppress(ssl.SSLError):
        sock.unwrap()
    sock.settimeout(20)
    while sock.recv(65536):
        pass


def deaf(sock: ssl.SSLSocket) -> None:
    """Ends without having read what the other side said."""
    sock.settimeout(0.001)
    sock.unwrap()


ENDS = (clean, cut, abort, half, deaf)


def engine(sock: ssl.SSLSocket) -> None:
    """The first two bytes of a question say how much to answer, and how to end."""
    question = sock.recv(2)
    if len(question) < 2:
        return
    sock.sendall(ANSWER[: question[0] * 12000])
    ENDS[question[1]](sock)


def ask(sock: ssl.SSLSocket, chance: random.Random) -> None:
    amount = chance.choice([0, 1, 1, 20, 250])
    sock.sendall(bytes([amount, chance.randrange(len(ENDS))]) + b"?" * chance.choice([0, 0, 100000]))
    received = b""
    wanted = chance.choice([0, 1, amount * 12000])
    while len(received) < wanted and (data := sock.recv(65536)):
        received += data
    assert ANSWER.startswith(received)
    chance.choice(ENDS)(sock)


@pytest.mark.parametrize("terminal_version", [TLS12, TLS13])
@pytest.mark.parametrize("engine_version", [TLS12, TLS13])
def test_every_way_to_end_leaves_nothing_behind(
    terminal_version: ssl.TLSVersion,
    engine_version: ssl.TLSVersion,
    gate: Any,
    terminal: Any,
    pki: Any,
    servers: Any,
    server_of: Any,
    config_for: Any,
    eventually: Any,
    gate_log: Path,
) -> None:
    context = server_of(pki.engine, pki.engines.pem)
    context.minimum_version = context.maximum_version = engine_version
    gate.configure(config_for(servers.start_tls(context, engine)))

    def one(seed: int) -> None:
        with contextlib.suppress(OSError, ValueError), terminal.connect(pki.terminal, terminal_version) as sock:
            ask(sock, random.Random(seed))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, range(150)))
    eventually(lambda: gate.stats()["connections"] == {"receipt": 0})
    assert gate.stats()["refusals"] == {}
    assert "Traceback" not in gate_log.read_text(errors="replace")
