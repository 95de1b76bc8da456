"""A terminal's receipt client with the habits of the real one.

TLS 1.2 only; one new TCP and TLS connection for every RPC; no time-outs of its own; trusts
only the CA file of its settings and checks the name; tries only the first address that DNS
gives. The harness puts one generous limit on each connection, so that a silently dropped
packet, which would hang the real client for ever, shows as a TimeoutError.
"""

from __future__ import annotations

import base64
import contextlib
import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import dns.message
import dns.query
import dns.rdatatype
from websockets.sync.client import ClientConnection
from websockets.sync.client import connect as open_websocket

from tests.lab import receipt
from tests.lab.machine import Machine
from tests.lab.receipt import Json

Connect = Callable[[str, int], socket.socket]
"""Host name and port → connected TCP socket."""

LIMIT = 20.0
"""Seconds that anything here may take before it counts as hanging."""
USER = "ormaster"
API_KEY = "lab-api-key"


class NameNotKnownError(OSError):
    """DNS gave no address."""


@dataclass(frozen=True, slots=True)
class Dialer:
    """Names and connections as a program on `machine` gets them: by the DNS server in its resolv.conf."""

    machine: Machine

    def __call__(self, host: str, port: int) -> socket.socket:
        return self.machine.connect(self.resolve(host)[0], port, LIMIT)

    def resolve(self, host: str) -> list[str]:
        """The IPv4 addresses of `host`, in the order of the answer. Raises NameNotKnownError, TimeoutError."""
        servers = [
            line.split()[1]
            for line in self.machine.read("/etc/resolv.conf").splitlines()
            if line.startswith("nameserver")
        ]
        if not servers:
            raise NameNotKnownError(f"{self.machine.name} has no DNS server")
        query = dns.message.make_query(host, dns.rdatatype.A)
        with self.machine.socket(kind=socket.SOCK_DGRAM) as udp:
            udp.setblocking(False)
            answer = dns.query.udp(query, servers[0], timeout=LIMIT, sock=udp)
        found = [item.address for rrset in answer.answer if rrset.rdtype == dns.rdatatype.A for item in rrset]
        if not found:
            raise NameNotKnownError(f"{servers[0]} knows no address of {host}")
        return found


@dataclass(slots=True)
class Login:
    """What a log-in saw. seconds: per RPC, connection set-up included."""

    facts: dict[str, Json] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    tls_version: str = ""
    cipher: str = ""
    address: str = ""
    """Of the engine or the gate, as the client's kernel sees it."""


@dataclass(frozen=True, slots=True)
class ReceiptClient:
    """ca, cert, key: PEM files; cert None: the terminal has none to show."""

    connect: Connect
    host: str
    port: int
    ca: Path
    cert: Path | None
    key: Path

    def login(self) -> Login:
        """Walk through everything from the first question to the end of the session.

        Raises what the socket and TLS raise (OSError), and ValueError when the engine answers with an error.
        """
        login = Login()
        session: dict[str, str] = {}

        def call(method: str, **params: Json) -> Json:
            started = time.monotonic()
            body = {"jsonrpc": "2.0", "id": len(login.seconds) + 1, "method": method, "params": params}
            answer = json.loads(self.request("POST", receipt.RPC_PATH, json.dumps(body).encode(), login))
            login.seconds[method] = time.monotonic() - started
            if answer.get("id") != body["id"] or "result" not in answer:
                raise ValueError(f"{method}: {answer}")
            login.facts[method] = answer["result"]
            return answer["result"]

        call("get_server_info")
        started = call("start_session", meta={"client_version": "lab"})
        session["session_id"] = started["meta"]["session_id"]
        window = call("get_window", meta=session)["window_data"]["focused_window"]
        call("get_screen_define", meta=session, window=window)
        call("send_event", meta=session, event_data={"window": window, "widget": "ok", "event": "click"})
        call("list_downloads", meta=session)
        call("get_message", meta=session)
        call("end_session", meta=session)
        return login

    def api(self) -> Json:
        """The API path: the list of accepted patients."""
        return json.loads(self.request("POST", f"{receipt.API_PATH}?class=01", b"{}", Login()))

    def blob(self, data_id: str) -> bytes:
        """Print data, as the push exchanger fetches it."""
        return self.request("GET", receipt.BLOB_PATH + data_id, None, Login())

    def request(self, method: str, path: str, body: bytes | None, seen: Login) -> bytes:
        """One HTTP request on one new connection."""
        with (
            self.connect(self.host, self.port) as tcp,
            self.tls().wrap_socket(tcp, server_hostname=self.host) as tls,
        ):
            cipher = tls.cipher()
            seen.tls_version, seen.cipher = tls.version() or "", cipher[0] if cipher else ""
            seen.address = tls.getpeername()[0]
            connection = http.client.HTTPConnection(self.host, self.port)
            connection.sock = tls
            headers = {**_authorization(), "Content-Type": "application/json", "Connection": "close"}
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            content = response.read()
            if response.status != http.HTTPStatus.OK:
                raise ValueError(f"{method} {path}: {response.status} {content[:200]!r}")
            return content

    def subscribe(self) -> Subscription:
        """An open push socket, subscribed to all events, which answers and sends pings by itself."""
        with contextlib.ExitStack() as stack:
            tcp = stack.enter_context(self.connect(self.host, self.port))
            tls = stack.enter_context(self.tls().wrap_socket(tcp, server_hostname=self.host))
            connection = stack.enter_context(
                open_websocket(
                    f"ws://{self.host}:{self.port}{receipt.PUSH_PATH}",
                    sock=tls,
                    additional_headers=_authorization(),
                    open_timeout=LIMIT,
                    ping_interval=10,
                    ping_timeout=30,
                    proxy=None,
                )
            )
            subscription = Subscription(connection, stack)
            connection.send(json.dumps({"command": "subscribe", "req.id": "1", "event": "*"}))
            if subscription.receive().get("command") != "subscribed":
                raise ValueError("the engine did not accept the subscription")
            subscription.resources = stack.pop_all()
            return subscription

    def tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca))
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        if self.cert:
            context.load_cert_chain(self.cert, self.key)
        return context


@dataclass(slots=True)
class Subscription:
    """What the engine pushes, until `close` or the end of the ``with`` block."""

    connection: ClientConnection
    resources: contextlib.ExitStack

    def receive(self, limit: float = LIMIT) -> dict[str, Json]:
        """The next message. Raises TimeoutError, websockets.exceptions.ConnectionClosed."""
        message = json.loads(self.connection.recv(limit))
        assert isinstance(message, dict)
        return message

    def close(self) -> None:
        self.resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def login(connect: Connect, host: str, port: int, ca: Path, cert: Path, key: Path) -> Login:
    """One whole log-in; see `ReceiptClient.login`."""
    return ReceiptClient(connect, host, port, ca, cert, key).login()


def seconds_to_refusal(machine: Machine, address: str, port: int) -> float:
    """How long a TCP connection takes to be refused, by reset or ICMP.

    Raises TimeoutError when nobody answers, ValueError when it opens.
    """
    started = time.monotonic()
    try:
        machine.connect(address, port, LIMIT).close()
    except TimeoutError:
        raise
    except OSError:
        return time.monotonic() - started
    raise ValueError(f"{machine.name} reached {address}:{port}")


def _authorization() -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{USER}:{API_KEY}".encode()).decode()}
