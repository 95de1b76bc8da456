"""The control socket: JSON-RPC 2.0, one object a line, for root and for the gate's own user only.

Methods: ``configure`` (params: `config.GateConfig.as_json`) → whether anything changed; ``close`` (params:
``service`` and ``address``, either may be null; ``reason`` for the log) → number of connections reset; ``stats``.
Every connected daemon hears the notification ``refused`` (params: as `client.OnRefusal` has them).
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from appliance.errors import SekishoError
from appliance.gate.config import parse
from appliance.gate.loop import READ, WRITE, Loop
from appliance.gate.server import Gate

_LONGEST_LINE = 4 << 20
_MOST_UNREAD = 1 << 20
"""A daemon that reads so slowly loses notifications, never answers; the counters still tell."""
_CLIENTS = 8


class Channel:
    """path: of the unix socket; made here, readable by its owner and root. Raises OSError when it is in use."""

    def __init__(self, loop: Loop, path: Path) -> None:
        self._loop = loop
        self._path = path
        self._clients: dict[int, _Client] = {}
        self._listener = _listen(path)

    def serve(self, gate: Gate) -> None:
        self._loop.watch(self._listener.fileno(), READ, lambda _: self._accept(gate))

    def notify(self, refusal: dict[str, str] | None, times: int) -> None:
        params = {"refusal": refusal, "times": times}
        for client in list(self._clients.values()):
            client.say({"jsonrpc": "2.0", "method": "refused", "params": params}, droppable=True)

    def close(self) -> None:
        self._listener.close()
        self._path.unlink(missing_ok=True)

    def _accept(self, gate: Gate) -> None:
        try:
            sock, _address = self._listener.accept()
        except OSError:
            return
        uid = struct.unpack("3i", sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))[1]
        if uid not in (0, os.getuid()) or len(self._clients) >= _CLIENTS:
            sock.close()
            return
        sock.setblocking(False)
        self._clients[sock.fileno()] = _Client(self._loop, sock, partial(self._answer, gate), self._clients)

    def _answer(self, gate: Gate, line: bytes) -> dict[str, Any]:
        number: object = None
        try:
            request = json.loads(line)
            number = request.get("id")
            return {
                "jsonrpc": "2.0",
                "id": number,
                "result": self._call(gate, request["method"], request.get("params", {})),
            }
        except SekishoError as error:
            data = {"code": error.code, **error.text.as_dict()}
            return _error(number, -32000, error.text.en, data)
        except LookupError as error:
            return _error(number, -32601, f"no such method: {error}")
        except (ValueError, AttributeError, TypeError, RecursionError):
            return _error(number, -32600, "not a request")

    def _call(self, gate: Gate, method: str, params: dict[str, Any]) -> object:
        if method == "configure":
            return gate.configure(parse(params))
        if method == "close":
            closed = gate.close(params.get("service"), params.get("address"))
            if closed:
                print(f"closed {closed} connections: {params.get('reason', '')}", file=sys.stderr, flush=True)
            return closed
        if method == "stats":
            return gate.stats()
        raise LookupError(method)


def _listen(path: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # A socket file that nobody answers on was left by a killed predecessor.
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if path.exists() and probe.connect_ex(str(path)) != 0:
                path.unlink()
        # Its directory is the daemon's to enter, as one of the gate's group.
        old = os.umask(0o117)
        try:
            listener.bind(str(path))
        finally:
            os.umask(old)
        listener.listen()
        listener.setblocking(False)
    except BaseException:
        listener.close()
        raise
    return listener


def _error(number: object, code: int, message: str, data: dict[str, str] | None = None) -> dict[str, Any]:
    error: dict[str, Any] = {"code": code, "message": message}
    if data:
        error["data"] = data
    return {"jsonrpc": "2.0", "id": number, "error": error}


class _Client:
    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        answer: Callable[[bytes], dict[str, Any]],
        clients: dict[int, _Client],
    ) -> None:
        self._loop, self._sock, self._answer, self._clients = loop, sock, answer, clients
        self._incoming, self._outgoing = bytearray(), bytearray()
        self._blocked = False
        loop.watch(sock.fileno(), READ, self._ready)

    def say(self, message: dict[str, Any], *, droppable: bool = False) -> None:
        if droppable and len(self._outgoing) > _MOST_UNREAD:
            return
        self._outgoing += json.dumps(message).encode() + b"\n"
        self._flush()

    def _ready(self, mask: int) -> None:
        if mask & WRITE:
            self._flush()
        if mask & ~WRITE:
            self._read()

    def _read(self) -> None:
        try:
            data = self._sock.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._incoming += data
        if not data or len(self._incoming) > _LONGEST_LINE:
            self._close()
            return
        *lines, rest = self._incoming.split(b"\n")
        self._incoming = rest
        for line in lines:
            self.say(self._answer(bytes(line)))

    def _flush(self) -> None:
        if self._sock.fileno() < 0:
            return
        with contextlib.suppress(BlockingIOError):
            try:
                while self._outgoing:
                    del self._outgoing[: self._sock.send(self._outgoing)]
            except BlockingIOError:
                raise
            except OSError:
                self._close()
                return
        blocked = bool(self._outgoing)
        if blocked != self._blocked:
            self._blocked = blocked
            self._loop.change(self._sock.fileno(), READ | WRITE if blocked else READ)

    def _close(self) -> None:
        self._clients.pop(self._sock.fileno(), None)
        self._loop.forget(self._sock.fileno())
        self._sock.close()
