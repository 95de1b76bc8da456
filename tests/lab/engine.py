"""The receipt engine's server: mutual TLS 1.2 or 1.3, HTTP/1.1 with Basic authentication, and the push socket.

``python -m tests.lab.engine CONFIG`` serves until it is ended. CONFIG is JSON: `Config`.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import io
import json
import ssl
import sys
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPException, HTTPMessage, parse_headers
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.exceptions import InvalidHandshake
from websockets.frames import Frame, Opcode
from websockets.http11 import Request as UpgradeRequest
from websockets.protocol import State
from websockets.server import ServerProtocol

from tests.lab import receipt
from tests.lab.receipt import Json, ReceiptEngine

IDLE_SECONDS = 75.0
"""Seconds, after which it closes a connection on which nobody speaks, or stops in the middle of a request."""
_HANDSHAKE_SECONDS = 10.0
_MOST_CONNECTIONS = 512
_LARGEST_BODY = 1 << 20
_LARGEST_HEADER = 1 << 16
_QUEUED_EVENTS = 100


@dataclass(frozen=True, slots=True)
class Config:
    """listen: address and port pairs. certificate, key, client_ca: PEM files. users: Basic ID → API key.

    cluster_key: shared by all engines. bus: where this engine hears of the others' events (UDP), and where they do.
    """

    name: str
    listen: list[tuple[str, int]]
    certificate: str
    key: str
    client_ca: str
    users: dict[str, str]
    cluster_key: str
    bus: tuple[str, int]
    bus_peers: list[tuple[str, int]]

    @classmethod
    def load(cls, path: Path) -> Self:
        values = json.loads(path.read_text())
        values["bus"] = tuple(values["bus"])
        for key in ("listen", "bus_peers"):
            values[key] = [(address, port) for address, port in values[key]]
        return cls(**values)


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    query: str
    headers: HTTPMessage
    head: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Response:
    status: str
    body: bytes = b""
    content_type: str = "application/json"
    header: str = ""

    def encode(self) -> bytes:
        head = f"HTTP/1.1 {self.status}\r\nContent-Type: {self.content_type}\r\nContent-Length: {len(self.body)}\r\n"
        return f"{head}X-Hybridmode: normal\r\n{self.header}\r\n".encode() + self.body


class BadRequestError(Exception):
    """Not HTTP as the real client speaks it: the connection is closed."""


class Bus(asyncio.DatagramProtocol):
    """Tells the engines of each other's events: a push socket stands at one, the RPC that prints meets another."""

    def __init__(self, heard: Callable[[Json], None], peers: list[tuple[str, int]]) -> None:
        self._heard = heard
        self._peers = peers
        self._transport: asyncio.DatagramTransport | None = None

    async def start(self, address: tuple[str, int]) -> None:
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=address)

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._heard(_json(data))

    def tell(self, event: Json) -> None:
        assert self._transport is not None
        for peer in self._peers:
            self._transport.sendto(json.dumps(event).encode(), peer)


class Server:
    """All connections of one engine."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._subscribers: set[asyncio.Queue[Json]] = set()
        self._bus = Bus(self._push_event, config.bus_peers)
        self._engine = ReceiptEngine(config.name, config.cluster_key, self._publish)
        self._connections = 0

    async def serve(self) -> None:
        await self._bus.start(self._config.bus)
        servers = [
            await asyncio.start_server(
                self._connection,
                address,
                port,
                ssl=_tls(self._config),
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
                limit=_LARGEST_HEADER,
                backlog=256,
            )
            for address, port in self._config.listen
        ]
        print("ready", flush=True)
        await asyncio.gather(*(server.serve_forever() for server in servers))

    def _publish(self, event: Json) -> None:
        self._push_event(event)
        self._bus.tell(event)

    def _push_event(self, event: Json) -> None:
        for queue in self._subscribers:
            # A subscriber who does not read loses events instead of filling our memory.
            if not queue.full():
                queue.put_nowait({"command": "event", "data": event})

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        try:
            if self._connections <= _MOST_CONNECTIONS:
                await self._requests(reader, writer)
        except (BadRequestError, ConnectionError, TimeoutError, asyncio.IncompleteReadError, ssl.SSLError):
            # The client is gone or is none: nothing to answer, the next one is waiting.
            pass
        finally:
            self._connections -= 1
            writer.close()

    async def _requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            async with asyncio.timeout(IDLE_SECONDS):
                request = await read_request(reader)
            if not self._knows(request.headers.get("Authorization", "")):
                header = 'WWW-Authenticate: Basic realm="receipt"\r\n'
                writer.write(Response("401 Unauthorized", header=header).encode())
            elif request.path == receipt.PUSH_PATH:
                await self._push(request, reader, writer)
                return
            else:
                writer.write(self._answer(request).encode())
            async with asyncio.timeout(IDLE_SECONDS):
                await writer.drain()
            if request.headers.get("Connection", "").lower() == "close":
                return

    def _knows(self, authorization: str) -> bool:
        expected = [
            "Basic " + base64.b64encode(f"{user}:{key}".encode()).decode() for user, key in self._config.users.items()
        ]
        return any(hmac.compare_digest(authorization.encode(), candidate.encode()) for candidate in expected)

    def _answer(self, request: Request) -> Response:
        if request.method == "POST" and request.path == receipt.RPC_PATH:
            base = f"https://{request.headers.get('Host', self._config.name)}"
            return Response("200 OK", json.dumps(self._engine.rpc(_json(request.body), base)).encode())
        if request.method == "POST" and request.path == receipt.API_PATH:
            return Response("200 OK", json.dumps(self._engine.api(request.query)).encode())
        if request.method == "GET" and (blob := self._engine.blob(request.path)) is not None:
            return Response("200 OK", blob, "application/octet-stream")
        return Response("404 Not Found")

    async def _push(self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 6455, by the protocol core of `websockets`."""
        protocol = ServerProtocol()
        protocol.receive_data(request.head)
        upgrade = protocol.events_received()
        if protocol.handshake_exc or not upgrade or not isinstance(upgrade[0], UpgradeRequest):
            raise BadRequestError
        try:
            protocol.send_response(protocol.accept(upgrade[0]))
        except InvalidHandshake as error:
            raise BadRequestError from error
        events: asyncio.Queue[Json] = asyncio.Queue(_QUEUED_EVENTS)
        sender = asyncio.create_task(_send_events(protocol, events, writer))
        try:
            while True:
                writer.write(b"".join(protocol.data_to_send()))
                await writer.drain()
                if protocol.state is not State.OPEN:
                    return
                async with asyncio.timeout(IDLE_SECONDS):
                    data = await reader.read(_LARGEST_HEADER)
                if not data:
                    return
                protocol.receive_data(data)
                for frame in protocol.events_received():
                    if isinstance(frame, Frame) and frame.opcode is Opcode.TEXT:
                        answer = receipt.subscribed(_json(frame.data))
                        protocol.send_text(json.dumps(answer).encode())
                        if answer["command"] == "subscribed":
                            self._subscribers.add(events)
        finally:
            self._subscribers.discard(events)
            sender.cancel()


async def _send_events(protocol: ServerProtocol, events: asyncio.Queue[Json], writer: asyncio.StreamWriter) -> None:
    while True:
        event = await events.get()
        if protocol.state is State.OPEN:
            protocol.send_text(json.dumps(event).encode())
            writer.write(b"".join(protocol.data_to_send()))


async def read_request(reader: asyncio.StreamReader) -> Request:
    """The next HTTP/1.1 request. Raises BadRequestError, asyncio.IncompleteReadError at the end of the stream."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
        line, _, rest = head.partition(b"\r\n")
        method, target, _version = line.decode("ascii").split(" ")
        url = urlsplit(target)
        headers = parse_headers(io.BytesIO(rest))
        length = int(headers.get("Content-Length", "0"))
    except (asyncio.LimitOverrunError, HTTPException, ValueError) as error:
        raise BadRequestError from error
    if not 0 <= length <= _LARGEST_BODY:
        raise BadRequestError
    return Request(method, url.path, url.query, headers, head, await reader.readexactly(length))


def _json(data: bytes | bytearray | memoryview) -> Json:
    try:
        return json.loads(bytes(data))
    except (ValueError, RecursionError):
        return None


def _tls(config: Config) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(config.certificate, config.key)
    context.load_verify_locations(config.client_ca)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


if __name__ == "__main__":
    asyncio.run(Server(Config.load(Path(sys.argv[1]))).serve())
