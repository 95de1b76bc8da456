"""What browsers and scrapers send: the page's server and the metrics'."""

from __future__ import annotations

import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from waitress.server import create_server  # type: ignore[import-untyped]

from appliance.control.client import Client
from appliance.telemetry.server import Exposition
from appliance.telemetry.snapshot import Snapshot
from tests.fuzz.target import target
from webui.__main__ import LIMITS
from webui.app import SECURITY_HEADERS, create_app

_METRICS = Exposition(lambda: Snapshot("1"))
_OURS = {b"Content-Type", b"Content-Encoding", b"Content-Length", b"Connection", b"Allow"}


@target(words=("GET /metrics HTTP/1.1\r\n", "Accept: ", "Accept-Encoding: gzip", "application/openmetrics-text", ";q="))
def metrics(request: bytes) -> None:
    """One answer in HTTP, whose headers are ours alone; figures that fail for a request are an error in the log."""
    head, _, body = _METRICS.answer(request).partition(b"\r\n\r\n")
    first, *lines = head.split(b"\r\n")
    assert first.split(b" ")[:2] in ([b"HTTP/1.1", status] for status in (b"200", b"400", b"404", b"405"))
    assert head.replace(b"\r\n", b"").decode().isprintable() and head.isascii()
    fields = dict(line.split(b": ", 1) for line in lines)
    assert fields.keys() <= _OURS
    assert len(body) in (int(fields[b"Content-Length"]), 0)


class _Tasks:
    """Waitress's dispatcher without threads: whatever happens, happens in the turn of the input."""

    def __init__(self) -> None:
        self._waiting: list[Any] = []

    def add_task(self, task: Any) -> None:
        self._waiting.append(task)

    def work(self) -> None:
        while self._waiting:
            self._waiting.pop().service()


_TASKS = _Tasks()

_SERVER = create_server(
    create_app(lambda: Client(Path("/nonexistent/api.sock"))),
    map={},
    _start=False,
    _dispatcher=_TASKS,
    listen="127.0.0.1:0",
    **LIMITS,
)


@target(longest=4096, words=("GET / HTTP/1.1\r\n", "GET /lights", "Cookie: lang=", "?lang=", "Host: ", "\r\n\r\n"))
def page(request: bytes) -> None:
    """What the page says to it, without a daemon behind: the page or a refusal, never an error of its own."""
    browser, ours = socket.socketpair()
    with browser, ours:
        channel = _SERVER.channel_class(_SERVER, ours, ("192.0.2.7", 1024), _SERVER.adj, map={})
        browser.sendall(request)
        browser.shutdown(socket.SHUT_WR)
        browser.setblocking(False)
        said = bytearray()
        while channel.connected and (channel.readable() or channel.writable()):
            if channel.readable():
                channel.handle_read()
            _TASKS.work()
            # What the server's own loop would do: its trigger is a pipe, which would be full one day.
            _SERVER.trigger.handle_read()
            if channel.connected and channel.writable():
                channel.handle_write()
            with suppress(BlockingIOError):
                while heard := browser.recv(65536):
                    said += heard
        channel.handle_close()
    if said.startswith(b"HTTP/1.1 100"):
        said = said.partition(b"\r\n\r\n")[2]
    if said:
        status = int(said.split(b" ", 2)[1])
        assert status != 500
        # What waitress itself refuses does not reach us.
        assert status >= 400 or all(name.encode() in said for name in SECURITY_HEADERS)
