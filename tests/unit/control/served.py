"""The real server on a real socket, for tests: a caller that speaks bytes, and a server in a thread."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from appliance.audit.entry import Deed
from appliance.control.dispatch import JSON, BadParams, Dispatcher, Method, Peer
from appliance.control.roles import Role
from appliance.control.rpc import RpcServer
from appliance.errors import SekishoError

LIMIT = 20.0
"""Seconds after which a test is stuck; never a measure."""
BOTH = frozenset(Role)
OPERATOR = frozenset({Role.OPERATOR})


async def echo(params: dict[str, Any], peer: Peer) -> JSON:
    return params


async def whoami(params: dict[str, Any], peer: Peer) -> JSON:
    return {"uid": peer.uid, "pid": peer.pid, "role": peer.role}


async def refuse(params: dict[str, Any], peer: Peer) -> JSON:
    raise SekishoError("account.wrong-code", "コードが違います。", "The code is wrong.")


async def demand(params: dict[str, Any], peer: Peer) -> JSON:
    raise BadParams("file がありません。", "There is no file.")


async def crash(params: dict[str, Any], peer: Peer) -> JSON:
    raise RuntimeError("a detail of the inside")


async def unprintable(params: dict[str, Any], peer: Peer) -> JSON:
    return {"value": object()}


METHODS = {
    "echo": Method(echo, BOTH),
    "whoami": Method(whoami, BOTH),
    "refuse": Method(refuse, BOTH),
    "demand": Method(demand, BOTH),
    "crash": Method(crash, BOTH),
    "unprintable": Method(unprintable, BOTH),
    "apply": Method(echo, OPERATOR),
}


class Caller:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def send(self, raw: bytes) -> None:
        self.writer.write(raw)
        await self.writer.drain()

    async def receive(self) -> dict[str, Any] | None:
        async with asyncio.timeout(LIMIT):
            line = await self.reader.readline()
        return json.loads(line) if line else None

    async def ask(self, raw: bytes) -> dict[str, Any]:
        await self.send(raw + b"\n")
        answer = await self.receive()
        assert answer is not None
        assert answer["jsonrpc"] == "2.0"
        return answer

    async def call(self, method: str, params: Any = None, request_id: Any = 7) -> dict[str, Any]:
        request = {"jsonrpc": "2.0", "id": request_id, "method": method}
        answer = await self.ask(json.dumps(request | ({} if params is None else {"params": params})).encode())
        assert answer["id"] == request_id
        return answer


@asynccontextmanager
async def calling(path: Path) -> AsyncIterator[Caller]:
    reader, writer = await asyncio.open_unix_connection(path, limit=64 * 1024 * 1024)
    try:
        yield Caller(reader, writer)
    finally:
        writer.close()


def dispatcher(methods: Mapping[str, Method]) -> Dispatcher:
    """Nobody has logged in, and nobody reads the record."""

    async def record(_: Deed) -> None:
        pass

    return Dispatcher(methods, lambda _: None, record)


def serving(
    path: Path,
    conversation: Callable[[RpcServer], Awaitable[None]],
    methods: dict[str, Method] = METHODS,
    role: Role | None = Role.OPERATOR,
) -> None:
    async def scene() -> None:
        async with asyncio.timeout(3 * LIMIT), RpcServer(path, dispatcher(methods), lambda _: role) as server:
            await conversation(server)

    asyncio.run(scene())


def talk(path: Path, conversation: Callable[[Caller], Awaitable[None]], **options: Any) -> None:
    async def scene(_: RpcServer) -> None:
        async with calling(path) as caller:
            await conversation(caller)

    serving(path, scene, **options)


@contextmanager
def in_a_thread(path: Path, methods: Mapping[str, Method], role: Role | None = Role.OPERATOR) -> Iterator[None]:
    """A server for callers that block."""
    loop = asyncio.new_event_loop()
    ready = threading.Event()
    over = asyncio.Event()

    async def scene() -> None:
        async with RpcServer(path, dispatcher(methods), lambda _: role):
            ready.set()
            await over.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(scene(),))
    thread.start()
    try:
        assert ready.wait(LIMIT)
        yield
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(LIMIT)
        loop.close()
