"""The gate process end to end over loopback: an API of which terminals may call some and not the rest."""

from __future__ import annotations

import http.client
import re
import ssl
from collections.abc import Callable
from typing import Any

import pytest

from appliance.gate.access import Access, Level, Rule
from appliance.gate.config import GateConfig
from tests.unit.gate.pki import HOST

ConfigFor = Callable[..., GateConfig]
READ = (Rule(frozenset({"GET"}), "/api/*"),)
CHUNK = b"x" * 65536
BIG = 40


class Api:
    """A careless HTTP server: it answers whatever it is asked, on one connection as long as it is wanted."""

    def __init__(self) -> None:
        self.heard: list[str] = []

    def serve(self, sock: ssl.SSLSocket) -> None:
        stream = sock.makefile("rwb")
        while line := stream.readline():
            method, target, _ = line.decode().split(" ", 2)
            headers = http.client.parse_headers(stream)
            body = stream.read(int(headers.get("content-length", 0)))
            self.heard.append(f"{method} {target} {len(body)}")
            if target == "/api/big":
                stream.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                for _ in range(BIG):
                    stream.write(b"%x\r\n%s\r\n" % (len(CHUNK), CHUNK))
                stream.write(b"0\r\n\r\n")
            else:
                stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            stream.flush()


@pytest.fixture
def api() -> Api:
    return Api()


@pytest.fixture
def call(terminal: Any, pki: Any) -> Callable[..., http.client.HTTPConnection]:
    """A connection of a terminal, for calls."""

    def connect(version: ssl.TLSVersion | None = None) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(HOST)
        connection.sock = terminal.connect(pki.terminal, version)
        return connection

    return connect


def ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
    connection.request(method, path, body)
    answer = connection.getresponse()
    return answer.status, answer.read()


def access(default: Level, **more: Any) -> Access:
    return Access(default, more.get("by_certificate", {}), more.get("at_most", {}), READ)


def test_reference_reads_and_does_not_write(gate: Any, engine: Any, api: Api, call: Any, config_for: ConfigFor) -> None:
    gate.configure(config_for(engine(api.serve), access=access(Level.REFERENCE)))
    connection = call()
    for number in range(3):
        assert ask(connection, "GET", f"/api/patients?page={number}") == (200, b"ok")
    status, text = ask(connection, "POST", "/api/patients", b"{}")
    assert status == 403 and "ルーター" in text.decode()
    assert gate.refusal() == {
        "service": "receipt",
        "terminal": "127.0.0.1",
        "address": "127.0.0.1",
        "reason": "not-permitted",
        "detail": "POST /api/patients",
    }
    assert api.heard == [f"GET /api/patients?page={number} 0" for number in range(3)]


@pytest.mark.parametrize(
    ("granted", "status"),
    [
        (access(Level.READ_WRITE), 200),
        (access(Level.NONE), 403),
        (access(Level.NONE, by_certificate={"terminal.example": Level.READ_WRITE}), 200),
        (access(Level.READ_WRITE, by_certificate={"terminal.example": Level.REFERENCE}), 403),
        (access(Level.READ_WRITE, at_most={"127.0.0.1": Level.REFERENCE}), 403),
    ],
    ids=["all", "none", "named", "named for less", "terminal limited"],
)
def test_certificate_and_terminal_decide(
    granted: Access, status: int, gate: Any, engine: Any, api: Api, call: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine(api.serve), access=granted))
    assert ask(call(), "POST", "/api/orders", b"order")[0] == status
    assert api.heard == (["POST /api/orders 5"] if status == 200 else [])


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_big_questions_and_answers_pass_whole(
    version: ssl.TLSVersion, gate: Any, engine: Any, api: Api, call: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine(api.serve), access=access(Level.READ_WRITE)))
    connection = call(version)
    assert ask(connection, "POST", "/api/upload", CHUNK * BIG) == (200, b"ok")
    assert ask(connection, "GET", "/api/big") == (200, CHUNK * BIG)
    assert ask(connection, "GET", "/api/after") == (200, b"ok")


def test_calls_sent_in_one_go_are_answered_in_order_up_to_the_refusal(
    gate: Any, engine: Any, api: Api, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine(api.serve), access=access(Level.REFERENCE)))
    with terminal.connect(pki.terminal) as sock:
        one = f"GET /api/a HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
        bad = f"DELETE /api/a HTTP/1.1\r\nHost: {HOST}\r\n\r\n"
        sock.sendall(f"{one}{one}{bad}{one}".encode())
        told = b""
        while data := sock.recv(65536):
            told += data
    assert re.findall(rb"HTTP/1.1 (\d+)", told) == [b"200", b"200", b"403"]
    assert api.heard == ["GET /api/a 0"] * 2


def test_a_question_of_which_the_head_is_refused_may_end_and_the_answer_is_heard(
    gate: Any, engine: Any, api: Api, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine(api.serve), access=access(Level.REFERENCE)))
    with terminal.connect(pki.terminal, ssl.TLSVersion.TLSv1_2) as sock:
        sock.sendall(f"POST /api/a HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: 400000\r\n\r\n".encode())
        assert gate.refusal()["reason"] == "not-permitted"
        sock.sendall(b"x" * 400_000)
        assert sock.recv(65536).startswith(b"HTTP/1.1 403 ")


def test_what_is_not_http_does_not_reach_the_engine(
    gate: Any, engine: Any, api: Api, terminal: Any, pki: Any, config_for: ConfigFor
) -> None:
    gate.configure(config_for(engine(api.serve), access=access(Level.READ_WRITE)))
    with terminal.connect(pki.terminal) as sock:
        sock.sendall(b"\x00\x01 something else\r\n\r\n")
        assert sock.recv(65536).startswith(b"HTTP/1.1 403 ")
    assert gate.refusal()["reason"] == "not-permitted"
    assert api.heard == []
