"""The local API's transport: JSON-RPC 2.0 (https://www.jsonrpc.org/specification), one object a line.

Who may call what is `dispatch`'s part.

A connection answers its requests in order, one at a time, so a caller can never make the daemon
hold more than one answer for it. A subscriber that reads slowly misses old statuses, never the
newest, and holds up nobody else.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import struct
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.control.dispatch import JSON, BadParams, Dispatcher, NoSuchMethod, NotPermitted, Peer, Stream
from appliance.control.listener import Listener
from appliance.control.roles import Role
from appliance.errors import SekishoError
from appliance.text import Text

MAX_LINE = 2 * 1024 * 1024
"""Bytes of one request: an account file with room to spare."""
MAX_CONNECTIONS = 32
"""For each uid, so that a leaking page cannot lock the operator out."""

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
REFUSED = -32000
NOT_PERMITTED = -32001

_NUMBERS = {BadParams: INVALID_PARAMS, NoSuchMethod: METHOD_NOT_FOUND, NotPermitted: NOT_PERMITTED}

_UCRED = struct.Struct("3i")

_log = logging.getLogger(__name__)


class RpcServer:
    """Serves what `dispatcher` answers on the unix socket `path`, between `start` and `stop`.

    role_of: from a uid to its role, None for a stranger. group: a gid that may open the socket beside
    root. A handler raises SekishoError (BadParams for its params) to refuse; anything else it
    raises is logged here and told to the caller without its insides.
    """

    def __init__(
        self,
        path: Path,
        dispatcher: Dispatcher,
        role_of: Callable[[int], Role | None],
        group: int | None = None,
    ) -> None:
        self._listener = Listener(path, group)
        self._dispatcher = dispatcher
        self._role_of = role_of
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: Counter[int] = Counter()

    async def start(self) -> None:
        """Listen. Raises SekishoError `control.already-running` when another daemon does."""
        self._server = await asyncio.start_unix_server(self._accept, sock=self._listener.open(), limit=MAX_LINE)

    async def stop(self) -> None:
        """Close every connection and take the socket away; running handlers are cancelled and awaited."""
        if self._server is None:
            return
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._listener.close()

    async def __aenter__(self) -> RpcServer:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Not a coroutine: the task must be known to `stop` before anything is awaited.
        pid, uid = _credentials(writer)
        peer = Peer(uid, pid, self._role_of(uid))
        connection = _Connection(reader, writer, peer, self._dispatcher)
        self._open[uid] += 1
        admitted = self._open[uid] <= MAX_CONNECTIONS
        task = asyncio.create_task(connection.serve() if admitted else connection.turn_away())
        self._tasks.add(task)

        def forget(done: asyncio.Task[None]) -> None:
            # abort, not close: close would wait for ever for a caller that has stopped reading.
            writer.transport.abort()
            self._tasks.discard(done)
            self._open[uid] -= 1
            if not self._open[uid]:
                del self._open[uid]

        task.add_done_callback(forget)


class _Connection:
    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: Peer, dispatcher: Dispatcher
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._peer = peer
        self._dispatcher = dispatcher
        self._pump: asyncio.Task[None] | None = None
        # `drain` then means "the kernel has it all": nothing piles up here for a slow reader,
        # and an abort loses nothing that was said.
        writer.transport.set_write_buffer_limits(high=0)

    async def serve(self) -> None:
        """Until the caller leaves."""
        try:
            with suppress(ConnectionError):
                while line := await self._line():
                    await self._answer(line)
        finally:
            if self._pump:
                self._pump.cancel()
                await asyncio.gather(self._pump, return_exceptions=True)

    async def turn_away(self) -> None:
        with suppress(ConnectionError):
            await self._say(_failure(None, REFUSED, "control.busy", _BUSY))

    async def _line(self) -> bytes:
        """The next line; empty when there is none (end of input, or a line too long to go on after)."""
        try:
            return await self._reader.readuntil(b"\n")
        except asyncio.IncompleteReadError:
            return b""
        except asyncio.LimitOverrunError:
            await self._say(_failure(None, INVALID_REQUEST, "control.too-long", _TOO_LONG))
            return b""

    async def _answer(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            request = json.loads(line.decode(), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            await self._say(_failure(None, PARSE_ERROR, "control.not-json", _NOT_JSON))
            return
        if isinstance(request, list):
            await self._say(_failure(None, INVALID_REQUEST, "control.batch", _BATCH))
            return
        if not _is_request(request):
            await self._say(_failure(None, INVALID_REQUEST, "control.not-a-request", _NOT_A_REQUEST))
            return
        reply, stream = await self._result_of(request)
        if "id" in request:
            await self._say(reply)
        if stream:
            self._pump = asyncio.create_task(self._pour(stream))

    async def _result_of(self, request: dict[str, Any]) -> tuple[bytes, Stream | None]:
        request_id, name, params = request.get("id"), request["method"], request.get("params", {})
        if not isinstance(params, dict):
            return _failure(request_id, INVALID_PARAMS, "control.bad-params", _PARAMS_BY_NAME), None
        try:
            result = await self._dispatcher.call(name, params, self._peer)
            if not isinstance(result, Stream):
                return _encoded({"jsonrpc": "2.0", "id": request_id, "result": result}), None
            if self._pump:
                await result.values.aclose()
                return _failure(request_id, REFUSED, "control.already-subscribed", _ALREADY_SUBSCRIBED), None
            return _encoded({"jsonrpc": "2.0", "id": request_id, "result": True}), result
        except SekishoError as error:
            code = next((number for kind, number in _NUMBERS.items() if isinstance(error, kind)), REFUSED)
            return _failure(request_id, code, error.code, error.text), None
        except Exception:
            _log.exception("method %s failed", name)
            return _failure(request_id, INTERNAL_ERROR, "control.internal", _INTERNAL), None

    async def _pour(self, stream: Stream) -> None:
        newest: deque[JSON] = deque(maxlen=1)
        awake = asyncio.Event()

        async def take() -> None:
            async for value in stream.values:
                newest.append(value)
                awake.set()

        taking = asyncio.create_task(take())
        taking.add_done_callback(lambda _: awake.set())
        try:
            while newest or not taking.done():
                if newest:
                    await self._say(_encoded({"jsonrpc": "2.0", "method": stream.method, "params": newest.popleft()}))
                else:
                    await awake.wait()
                    awake.clear()
            taking.result()
        except ConnectionError:
            pass
        except Exception:
            _log.exception("stream %s failed", stream.method)
        finally:
            taking.cancel()
            await asyncio.gather(taking, return_exceptions=True)
            await stream.values.aclose()
            self._writer.close()

    async def _say(self, line: bytes) -> None:
        self._writer.write(line)
        await self._writer.drain()


def _credentials(writer: asyncio.StreamWriter) -> tuple[int, int]:
    """pid and uid of the process that connected, as of then (struct ucred, unix(7))."""
    raw = writer.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size)
    pid, uid, _ = _UCRED.unpack(raw)
    return pid, uid


def _is_request(value: object) -> bool:
    if not isinstance(value, dict) or value.get("jsonrpc") != "2.0" or not isinstance(value.get("method"), str):
        return False
    request_id = value.get("id")
    # bool is an int to Python; a fraction would not come back as it was sent.
    return request_id is None or (isinstance(request_id, (str, int)) and not isinstance(request_id, bool))


def _refuse_constant(name: str) -> JSON:
    raise ValueError(f"{name} is not JSON")


def _encoded(message: dict[str, JSON]) -> bytes:
    # Escaped to ASCII: a lone surrogate in a caller's id must not break the answer to it.
    return json.dumps(message, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def _failure(request_id: JSON, number: int, code: str, text: Text) -> bytes:
    error: JSON = {"code": number, "message": text.en, "data": {"code": code, "ja": text.ja, "en": text.en}}
    return _encoded({"jsonrpc": "2.0", "id": request_id, "error": error})


_BUSY = Text(
    "ルーターへの同時接続が多すぎるので、使っていない画面やコマンドを閉じてからもう一度試してください。",
    "Too many connections to the router's daemon are open: close unused pages or commands and try again.",
)
_TOO_LONG = Text(
    f"要求が {MAX_LINE // 1024} KiB を超えているので、小さくしてください。",
    f"The request is longer than {MAX_LINE // 1024} KiB: send a smaller one.",
)
_NOT_JSON = Text(
    "要求が JSON として読めないので、1 行に 1 つの JSON オブジェクトを送ってください。",
    "The request is not JSON: send one JSON object in one line.",
)
_BATCH = Text(
    "まとめた要求（配列）は受け付けないので、1 行に 1 つずつ送ってください。",
    "Batches (arrays) are not taken: send one request in one line.",
)
_NOT_A_REQUEST = Text(
    'JSON-RPC 2.0 の要求ではないので、"jsonrpc": "2.0"、method、id を付けて送ってください。',
    'This is no JSON-RPC 2.0 request: send "jsonrpc": "2.0", a method and an id (text or whole number).',
)
_PARAMS_BY_NAME = Text(
    "params は名前付き（JSON オブジェクト）で送ってください。",
    "Send params by name, as a JSON object.",
)
_ALREADY_SUBSCRIBED = Text(
    "この接続ではもう購読しているので、別の接続を使ってください。",
    "This connection is subscribed already: use another one.",
)
_INTERNAL = Text(
    "ルーターの中で予期しない誤りが起きたので、「journalctl -u sekisho」の内容をサポート会社に伝えてください。",
    "Something unexpected failed inside the router: tell your support company what `journalctl -u sekisho` says.",
)
