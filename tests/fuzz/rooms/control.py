"""What callers of the local API send, and what the place of the trust lists answers."""

from __future__ import annotations

import asyncio
import http.client  # noqa: F401 # `fetch` imports it late, and its branches shall guide
import json
import socket
import threading
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from appliance.audit.entry import Deed
from appliance.control import fetching
from appliance.control.dispatch import JSON, Dispatcher, Method, Peer
from appliance.control.methods import account_file, signed_list
from appliance.control.roles import Role
from appliance.control.rpc import INTERNAL_ERROR, RpcServer
from tests.fuzz.target import target

_SCRATCH = TemporaryDirectory()
_LARGEST = 4096
_PATIENCE = 20.0
"""Seconds, after which nobody waits any more."""


async def _echo(params: dict[str, Any], _: Peer) -> JSON:
    return params


async def _account(params: dict[str, Any], _: Peer) -> JSON:
    return len(account_file(params)[0])


async def _trust(params: dict[str, Any], _: Peer) -> JSON:
    return len(signed_list(params))


async def _record(_: Deed) -> None:
    pass


_METHODS = {"echo": _echo, "account.import": _account, "trust.import": _trust}
_RUNNER = asyncio.Runner()
_API = RpcServer(
    Path(_SCRATCH.name) / "api.sock",
    Dispatcher({name: Method(handler, frozenset(Role)) for name, handler in _METHODS.items()}, lambda _: None, _record),
    lambda _: Role.OPERATOR,
)
_RUNNER.run(_API.start())


@target(longest=4096, words=('"jsonrpc"', '"2.0"', '"id"', '"method"', '"params"', *map(json.dumps, _METHODS)))
def request(lines: bytes) -> None:
    """Each line is answered, in JSON, and the daemon knows of no error of its own."""
    for answer in _RUNNER.run(_ask(lines)).splitlines():
        said = json.loads(answer)
        assert said["jsonrpc"] == "2.0"
        assert said.get("error", {}).get("code") != INTERNAL_ERROR


async def _ask(lines: bytes) -> bytes:
    reader, writer = await asyncio.open_unix_connection(Path(_SCRATCH.name) / "api.sock")
    try:
        writer.write(lines)
        writer.write_eof()
        async with asyncio.timeout(_PATIENCE):
            return await reader.read()
    finally:
        writer.close()


class _Server:
    """Says to everybody on loopback what it was given, whatever they ask."""

    def __init__(self) -> None:
        self.says = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            visitor, _ = self._listener.accept()
            with visitor, suppress(OSError):
                visitor.recv(4096)
                visitor.sendall(self.says)
                visitor.shutdown(socket.SHUT_WR)
                while visitor.recv(4096):
                    pass


_SERVER = _Server()


@target(
    longest=8192,
    words=("HTTP/1.1 200 OK\r\n", "HTTP/1.1 304", "HTTP/1.1 100", "ETag: ", "Content-Length: ", "chunked", "\r\n\r\n"),
)
def fetched(answer: bytes) -> None:
    """An answer or a few words; and what it calls itself can be asked for again."""
    _SERVER.says = answer
    place = fetching.Place("trust.dc.example", "127.0.0.1", _SERVER.port, "/list", "127.0.0.1")
    found = fetching.fetch(place, None, _LARGEST, 10.0)
    if isinstance(found, str):
        assert len(found) <= 300 and found.isprintable()
        return
    assert found.body is None or len(found.body) <= _LARGEST
    if found.etag is not None:
        again = fetching.fetch(place, found.etag, _LARGEST, 10.0)
        assert isinstance(again, fetching.Fetched)
