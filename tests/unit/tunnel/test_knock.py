"""The question against real TLS servers: they answer, and the newer protocol without any public-key operation."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address

import pytest

from appliance.tunnel.knock import client_hello, is_tls, knock
from tests.lab.pki import Pki

pytestmark = pytest.mark.namespaces

HERE = IPv4Address("127.0.0.1")
HOST = "weborca.cloud.example"
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""In place of a random, it makes a ServerHello a HelloRetryRequest (RFC 8446 section 4.1.3)."""
LIMIT = 20.0


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    directory = tmp_path_factory.mktemp("pki")
    Pki().write(directory)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "gate.pem", directory / "gate.key")
    context.load_verify_locations(directory / "terminal-ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


@contextmanager
def serving(handle: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server for one connection; its port."""
    with socket.create_server((str(HERE), 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.settimeout(LIMIT)
                try:
                    handle(connection)
                except (OSError, ssl.SSLError):
                    return

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()


def by_tls(context: ssl.SSLContext) -> Callable[[socket.socket], None]:
    def handle(connection: socket.socket) -> None:
        context.wrap_socket(connection, server_side=True).close()

    return handle


def ask(port: int) -> bool:
    return asyncio.run(asyncio.wait_for(knock(HOST, HERE, port, HERE, 0), LIMIT))


@pytest.mark.parametrize("newest", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_tls_server_answers(context: ssl.SSLContext, newest: ssl.TLSVersion) -> None:
    context.maximum_version = newest
    with serving(by_tls(context)) as port:
        assert ask(port)


def test_tls_1_3_answers_without_a_key(context: ssl.SSLContext) -> None:
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    with (
        serving(by_tls(context)) as port,
        socket.create_connection((str(HERE), port), LIMIT) as connection,
    ):
        connection.sendall(client_hello(HOST))
        answer = connection.recv(4096)
    assert is_tls(answer)
    assert answer[11:43] == RETRY_RANDOM


def test_who_speaks_something_else_is_no_engine() -> None:
    with serving(lambda connection: connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port:
        assert not ask(port)


def test_who_hangs_up_is_no_engine() -> None:
    with serving(lambda connection: None) as port:
        assert not ask(port)


def test_a_closed_port_is_no_engine() -> None:
    with socket.create_server((str(HERE), 0)) as listener:
        port = listener.getsockname()[1]
    assert not ask(port)
