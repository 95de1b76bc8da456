"""What the stories of the log-in are told with: the real access room and page, and TLS between it and the browser."""

from __future__ import annotations

import asyncio
import datetime
import os
import re
import select
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType, SimpleNamespace
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from playwright.sync_api import Browser, sync_playwright
from waitress.server import create_server  # type: ignore[import-untyped]

from appliance.control import methods_access
from appliance.control.access import Access
from appliance.control.auditing import Auditor
from appliance.control.client import Client
from appliance.control.dispatch import JSON, Dispatcher, Handler, Method, Peer
from appliance.control.recorded import RECORDED
from appliance.control.roles import ALLOWED, Role
from appliance.control.rpc import RpcServer
from tests.browser.parts import CHROMIUM, SCREENSHOTS, status
from webui.__main__ import LIMITS
from webui.app import create_app
from webui.secure import CLIENT_HEADER

NAME = "sekisho.lan"
ROUTER = f"https://{NAME}"
_ROOT = Peer(0, 1, Role.OPERATOR)


class AccessDaemon:
    """Log-ins through the local API, as the daemon serves them. Its files are below `directory`.

    more: further methods that it serves.
    """

    def __init__(self, directory: Path, more: Mapping[str, Handler] = MappingProxyType({})) -> None:
        self._more = more
        self.socket = directory / "api.sock"
        self._directory = directory
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: RpcServer | None = None
        self.visitor = "192.0.2.20"
        """From where the browser comes, as the gate sees it."""
        self.start()

    def start(self) -> None:
        """As after a reboot: no session is known."""
        access = Access(lambda: ("c0001",), self._directory / "access" / "log-ins.json")
        router = SimpleNamespace(access=access)
        subjects = {**RECORDED, **methods_access.subjects(router)}
        methods = {
            name: Method(handler, ALLOWED[name], subjects.get(name))
            for name, handler in methods_access.methods(router).items()
        }
        methods["status"] = Method(self._status, ALLOWED["status"])
        methods |= {name: Method(more, ALLOWED[name], RECORDED.get(name)) for name, more in self._more.items()}
        self._dispatcher = Dispatcher(methods, access.guest, Auditor(self._directory / "audit").record)
        self._server = RpcServer(self.socket, self._dispatcher, lambda _: Role.PAGE)
        self._wait(self._server.start())

    def restart(self) -> None:
        self.stop()
        self.start()

    def stop(self) -> None:
        if self._server:
            self._wait(self._server.stop())
            self._server = None

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def root(self, method: str, /, **params: Any) -> Any:
        return self._wait(self._dispatcher.call(method, params, _ROOT))

    def _wait(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=120)

    async def _status(self, _params: dict[str, Any], _peer: Peer) -> JSON:
        return status("ok")


@contextmanager
def page_behind_tls(daemon: AccessDaemon, directory: Path) -> Iterator[int]:
    """The page on its unix socket, and the TLS before it. Yields the port for browsers."""
    path = directory / "page.sock"
    server = create_server(
        create_app(lambda: Client(daemon.socket)), unix_socket=str(path), url_scheme="https", threads=8, **LIMITS
    )
    serving = threading.Thread(target=server.run, daemon=True)
    serving.start()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_certificate(directory))
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_accept, args=(listener, context, path, daemon), daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.close()
        server.close()
        serving.join(10)


@contextmanager
def browser_at(port: int) -> Iterator[Browser]:
    """One that finds the router by its name and takes its certificate for good."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    rules = (f"--host-resolver-rules=MAP {NAME} 127.0.0.1:{port}", "--ignore-certificate-errors")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=[*CHROMIUM, *rules])
        yield browser
        browser.close()


def _accept(listener: socket.socket, context: ssl.SSLContext, path: Path, daemon: AccessDaemon) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_relay, args=(connection, context, path, daemon.visitor), daemon=True).start()


def _relay(connection: socket.socket, context: ssl.SSLContext, path: Path, visitor: str) -> None:
    """One request each: with the address of who asks, which nobody else may tell."""
    with suppress(OSError), connection, socket.socket(socket.AF_UNIX) as page:
        tls = context.wrap_socket(connection, server_side=True)
        head = b""
        while b"\r\n\r\n" not in head:
            more = tls.recv(65536)
            if not more:
                return
            head += more
        lines, _, body = head.partition(b"\r\n\r\n")
        lines = re.sub(rb"(?im)^(Connection|Sekisho-Client):.*\r\n", b"", lines + b"\r\n")
        ours = f"{CLIENT_HEADER}: {visitor}\r\nConnection: close\r\n\r\n".encode()
        page.connect(str(path))
        page.sendall(lines + ours + body)
        while True:
            for ready in [tls] if tls.pending() else select.select([tls, page], [], [], 60)[0]:
                data = ready.recv(65536)
                if not data:
                    return
                (page if ready is tls else tls).sendall(data)


def _certificate(directory: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, SHA256())
    )
    path = directory / "page.pem"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        stream.write(certificate.public_bytes(Encoding.PEM))
    return path
