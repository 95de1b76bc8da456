"""GET /metrics over HTTP, on one address, and nothing else.

Who may come is the firewall's to say; here is only a bound on what one visitor, or a few, can cost.
"""

from __future__ import annotations

import asyncio
import io
import logging
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException, parse_headers
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import make_wsgi_app
from prometheus_client.exposition import choose_encoder

from appliance.telemetry.metrics import registry
from appliance.telemetry.snapshot import Snapshot

_log = logging.getLogger(__name__)

PATH = "/metrics"
RETRY_SECONDS = 1.0
"""Between two attempts to listen, while the address is not there yet or another holds the port."""
CONNECTION_SECONDS = 5.0
"""For a whole connection, from its arrival to its last byte: half of Prometheus' usual scrape_timeout."""
CONNECTIONS = 4
"""At a time: two Prometheus servers and a person who looks. Others are told to come again."""
REQUEST_BYTES = 8192
"""For the request line and the headers together; Prometheus sends about 400."""
STOP_SECONDS = 5.0
"""`stop` gives up waiting after this; the thread ends by itself when the snapshot source lets go of it."""

_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""struct linger (socket(7)): on, 0 s."""


@dataclass(frozen=True, slots=True)
class Response:
    status: HTTPStatus
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    def encode(self, with_body: bool) -> bytes:
        """As HTTP/1.1 (RFC 9112). One response per connection: idle ones would use up the few that there are."""
        lines = [f"HTTP/1.1 {self.status.value} {self.status.phrase}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}", "Connection: close", "", ""]
        return "\r\n".join(lines).encode("latin-1") + (self.body if with_body else b"")


def _plainly(status: HTTPStatus, words: str, *headers: tuple[str, str]) -> Response:
    return Response(status, (("Content-Type", "text/plain; charset=utf-8"), *headers), f"{words}\n".encode())


def _one_line(value: str) -> str:
    """A folded value unfolded (RFC 9112 section 5.2): part of it comes back in the response's Content-Type."""
    return " ".join(value.split())


def _readable(accept: str) -> str:
    """What the library cannot read, or would say again in our head, is as if nothing had been asked for.

    RFC 9110 section 12.5.1 leaves that to us.
    """
    value = _one_line(accept)
    try:
        choose_encoder(value)
    except (TypeError, ValueError):
        return ""
    return value if value.isascii() and value.isprintable() else ""


class Exposition:
    """The answers, without a socket. `source` is called for each scrape, in the thread of `answer`."""

    def __init__(self, source: Callable[[], Snapshot]) -> None:
        self._app = make_wsgi_app(registry(source))

    def answer(self, head: bytes) -> bytes:
        """head: the request up to and with the empty line. Never raises."""
        line, _, rest = head.partition(b"\r\n")
        words = line.decode("latin-1").split(" ")
        if len(words) != 3 or not words[2].startswith("HTTP/1."):
            return _plainly(HTTPStatus.BAD_REQUEST, "This is not an HTTP/1 request.").encode(with_body=True)
        method, target, _version = words
        return self._respond(method, target, rest).encode(with_body=method != "HEAD")

    def _respond(self, method: str, target: str, rest: bytes) -> Response:
        try:
            path = urlsplit(target).path
            headers = parse_headers(io.BytesIO(rest))
        except (ValueError, HTTPException):
            return _plainly(HTTPStatus.BAD_REQUEST, "This request cannot be read.")
        if path != PATH:
            return _plainly(HTTPStatus.NOT_FOUND, f"There is only {PATH} here.")
        if method != "GET":
            return _plainly(HTTPStatus.METHOD_NOT_ALLOWED, f"{PATH} is read with GET.", ("Allow", "GET"))
        try:
            return self._collect(_readable(headers.get("Accept", "")), _one_line(headers.get("Accept-Encoding", "")))
        except Exception:
            # Whatever is wrong with the figures must not end the thread: the next scrape may be better.
            _log.exception("the metrics could not be collected")
            return _plainly(HTTPStatus.INTERNAL_SERVER_ERROR, "The metrics could not be collected; see the log.")

    def _collect(self, accept: str, accept_encoding: str) -> Response:
        headers: list[tuple[str, str]] = []

        def started(_status: str, given: list[tuple[str, str]]) -> None:
            headers.extend(given)

        environment: dict[str, Any] = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": PATH,
            "HTTP_ACCEPT": accept,
            "HTTP_ACCEPT_ENCODING": accept_encoding,
        }
        body = b"".join(self._app(environment, started))
        return Response(HTTPStatus.OK, tuple(headers), body)


class _Run:
    """One address served in one thread with an event loop of its own."""

    def __init__(self, address: IPv4Address, port: int, source: Callable[[], Snapshot]) -> None:
        self._address = address
        self._port = port
        self._exposition = Exposition(source)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._stopped = asyncio.Event()
        self._visitors = 0
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._thread.start()

    def serves(self, address: IPv4Address, port: int) -> bool:
        """Whether it does, or still tries to."""
        return (address, port) == (self._address, self._port) and self._thread.is_alive()

    def stop(self) -> None:
        with suppress(RuntimeError):  # The loop is closed: the thread has ended before.
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        try:
            with self._runner:
                self._runner.run(self._serve())
        except Exception:
            _log.exception("%s is no longer served", PATH)

    async def _serve(self) -> None:
        server = await self._listen()
        if server is None:
            return
        _log.info("serving %s on %s port %d", PATH, self._address, self._port)
        await self._stopped.wait()
        server.close()

    async def _listen(self) -> asyncio.Server | None:
        """None: stopped before there was anything to listen on."""
        told = ""
        while not self._stopped.is_set():
            try:
                return await asyncio.start_server(self._visit, str(self._address), self._port, limit=REQUEST_BYTES)
            except OSError as error:
                if str(error) != told:
                    told = str(error)
                    _log.warning("cannot serve %s yet and keep trying: %s", PATH, error)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopped.wait(), RETRY_SECONDS)
        return None

    async def _visit(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # `drain` then means "the kernel has it all", so that the abort at the end loses nothing that was said.
        writer.transport.set_write_buffer_limits(high=0)
        self._visitors += 1
        try:
            async with asyncio.timeout(CONNECTION_SECONDS):
                if self._visitors > CONNECTIONS:
                    writer.write(_BUSY.encode(with_body=True))
                    await writer.drain()
                else:
                    await self._converse(reader, writer)
        except (TimeoutError, asyncio.CancelledError):
            # Too slow, or we are being stopped (Python 3.11's streams would report that as an error).
            # Without a reset the kernel would go on for minutes offering the rest to one who does not read.
            with suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)
        except (OSError, asyncio.IncompleteReadError):
            pass  # The visitor has left.
        finally:
            self._visitors -= 1
            writer.transport.abort()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            response = self._exposition.answer(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.LimitOverrunError:
            response = _TOO_LARGE.encode(with_body=True)
        writer.write(response)
        await writer.drain()
        # Closing with input unread would send a reset, which can overtake the response (RFC 9112 section 9.6).
        writer.write_eof()
        while await reader.read(REQUEST_BYTES):
            pass


_BUSY = _plainly(HTTPStatus.SERVICE_UNAVAILABLE, "Too many connections at a time; come again.")
_TOO_LARGE = _plainly(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, f"The request exceeds {REQUEST_BYTES} bytes.")


class MetricsServer:
    """Use it from one thread. Neither method raises for anything that the network or the source does.

    snapshot_source is called in the server's thread, once for each scrape: it must be safe to call from there,
    return at once, and never wait for the thread that calls `stop`. Returning the newest `Snapshot`
    that another thread has put into an attribute is enough.
    """

    def __init__(self, snapshot_source: Callable[[], Snapshot]) -> None:
        self._source = snapshot_source
        self._running: _Run | None = None

    def start(self, address: IPv4Address, port: int) -> None:
        """Serve here from now on, instead of where it was served before; returns at once.

        While the address is not on this machine yet, or the port is taken, it is tried again every second. Where it is
        served already nobody is cut off.
        """
        if self._running is not None and self._running.serves(address, port):
            return
        self.stop()
        self._running = _Run(address, port, self._source)

    def stop(self) -> None:
        """Stop listening and cut off who is connected. Harmless when nothing is served."""
        if self._running is not None:
            self._running.stop()
            self._running = None
