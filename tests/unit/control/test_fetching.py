"""Fetching by HTTP, from real servers that behave and misbehave."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from appliance.control.fetching import Fetched, Place, fetch

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], int]]:
    servers = []

    def start(answer: Answer) -> int:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return server.server_address[1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def place(port: int, path: str = "/list") -> Place:
    return Place("trust.cloud.example", "127.0.0.1", port, path, "127.0.0.1")


def test_a_list_comes_with_its_tag_and_only_once(serve: Callable[[Answer], int]) -> None:
    heard: list[tuple[str, str | None]] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        heard.append((request.path, request.headers.get("Host")))
        known = request.headers.get("If-None-Match") == '"one"'
        request.send_response(304 if known else 200)
        request.send_header("ETag", '"one"')
        request.send_header("Content-Length", "0" if known else "4")
        request.end_headers()
        if not known:
            request.wfile.write(b"list")

    port = serve(answer)
    assert fetch(place(port), None, 10, 5) == Fetched(b"list", '"one"')
    assert fetch(place(port), '"one"', 10, 5) == Fetched(None, '"one"')
    assert heard == [("/list", f"trust.cloud.example:{port}")] * 2


def test_what_is_too_large_or_missing_or_elsewhere_is_told(serve: Callable[[Answer], int]) -> None:
    def answer(request: BaseHTTPRequestHandler) -> None:
        if request.path == "/list":
            request.send_response(200)
            request.end_headers()
            request.wfile.write(b"x" * 11)
        elif request.path == "/elsewhere":
            request.send_response(302)
            request.send_header("Location", "/list")
            request.end_headers()
        else:
            request.send_error(404)

    port = serve(answer)
    assert fetch(place(port), None, 10, 5) == "too large"
    assert fetch(place(port, "/gone"), None, 10, 5) == "HTTP status 404"
    assert fetch(place(port, "/elsewhere"), None, 10, 5) == "HTTP status 302"


def test_silence_absence_and_nonsense_are_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert isinstance(fetch(place(port), None, 10, 0.2), str)
    assert "ConnectionRefusedError" in str(fetch(place(port), None, 10, 1))

    def talk(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.recv(4096)
            sock.sendall(b"SSH-2.0-OpenSSH\r\n")

    with socket.create_server(("127.0.0.1", 0)) as other:
        threading.Thread(target=talk, args=(other,), daemon=True).start()
        assert "BadStatusLine" in str(fetch(place(other.getsockname()[1]), None, 10, 2))
