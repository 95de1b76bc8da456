"""A small PKI, TLS servers that behave or misbehave, and the real gate process."""

from __future__ import annotations

import contextlib
import json
import random
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from appliance.gate.config import GateConfig, KeyPair, ServiceConfig
from appliance.gate.pins import pin_of_certificate

HOST = "weborca.cloud.example"
LIMIT = 20.0
"""Seconds that a test waits for something that must happen."""


def pem(key: Any) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


@dataclass(frozen=True)
class Credentials:
    """certificate: PEM chain, leaf first."""

    certificate: str
    key: str
    der: bytes

    @property
    def pin(self) -> str:
        return pin_of_certificate(self.der)

    @property
    def pair(self) -> KeyPair:
        return KeyPair(self.certificate, self.key)


class Authority:
    """A CA. issue() signs whatever is asked for, also what no CA should."""

    def __init__(self, name: str, key: Any = None) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = self._sign(self.name, self.key.public_key(), ca=True)
        self.pem = self.certificate.public_bytes(serialization.Encoding.PEM).decode()

    def issue(
        self,
        name: str = HOST,
        key: Any = None,
        *,
        server: bool = True,
        starts: timedelta = -timedelta(days=1),
        ends: timedelta = timedelta(days=30),
        self_signed: bool = False,
    ) -> Credentials:
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        certificate = self._sign(
            subject,
            key.public_key(),
            ca=False,
            names=[name],
            server=server,
            starts=starts,
            ends=ends,
            signer=(subject, key) if self_signed else None,
        )
        return Credentials(
            certificate.public_bytes(serialization.Encoding.PEM).decode(),
            pem(key),
            certificate.public_bytes(serialization.Encoding.DER),
        )

    def issue_with_sha1(self, directory: Path) -> Credentials:
        """By OpenSSL's command: cryptography no longer signs with SHA-1."""
        good = self.issue()
        names = ("leaf.key", "leaf.csr", "ca.pem", "ca.key", "extensions", "leaf.der")
        leaf_key, request, ca, ca_key, extensions, leaf = (str(directory / name) for name in names)
        for path, content in (
            (leaf_key, good.key),
            (ca, self.pem),
            (ca_key, pem(self.key)),
            (extensions, f"subjectAltName=DNS:{HOST}\nextendedKeyUsage=serverAuth\n"),
        ):
            Path(path).write_text(content)
        for command in (
            f"openssl req -new -key {leaf_key} -subj /CN={HOST} -out {request}",
            f"openssl x509 -req -sha1 -in {request} -CA {ca} -CAkey {ca_key} -days 30 -extfile {extensions} "
            f"-outform DER -out {leaf}",
        ):
            subprocess.run(command.split(), check=True, capture_output=True)
        der = Path(leaf).read_bytes()
        return Credentials(ssl.DER_cert_to_PEM_cert(der), good.key, der)

    def _sign(
        self,
        subject: x509.Name,
        public_key: Any,
        *,
        ca: bool,
        names: list[str] | None = None,
        server: bool = True,
        starts: timedelta = -timedelta(days=1),
        ends: timedelta = timedelta(days=300),
        signer: tuple[x509.Name, Any] | None = None,
    ) -> x509.Certificate:
        issuer, key = signer or (self.name, self.key)
        now = datetime.now(UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + starts)
            .not_valid_after(now + ends)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if names:
            usage = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False).add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
        return builder.sign(key, hashes.SHA256())


@dataclass(frozen=True)
class Pki:
    """engines: signs engines and the clinic. terminals: signs terminals. The monsiaj client wants RSA from the gate."""

    engines: Authority
    terminals: Authority
    stranger: Authority
    engine: Credentials
    identity: Credentials
    presented: Credentials
    terminal: Credentials
    foreign_terminal: Credentials


@pytest.fixture(scope="session")
def pki() -> Pki:
    engines, terminals, stranger = Authority("engines CA"), Authority("terminals CA"), Authority("stranger CA")
    return Pki(
        engines,
        terminals,
        stranger,
        engine=engines.issue(),
        identity=engines.issue("clinic.example", server=False),
        presented=terminals.issue(key=rsa.generate_private_key(65537, 2048)),
        terminal=terminals.issue("terminal.example", server=False),
        foreign_terminal=stranger.issue("terminal.example", server=False),
    )


def context_of(
    protocol: int, own: Credentials | None, anchors: str | None, *, ciphers: str = "DEFAULT@SECLEVEL=0"
) -> ssl.SSLContext:
    """A context with OpenSSL's laxest rules, independent of the profile under test."""
    context = ssl.SSLContext(protocol)
    context.set_ciphers(ciphers)
    if own:
        with tempfile.NamedTemporaryFile("w") as stream:
            stream.write(own.certificate + own.key)
            stream.flush()
            context.load_cert_chain(stream.name)
    if anchors:
        context.load_verify_locations(cadata=anchors)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def server_of() -> Callable[..., ssl.SSLContext]:
    def make(own: Credentials, anchors: str | None) -> ssl.SSLContext:
        return context_of(ssl.PROTOCOL_TLS_SERVER, own, anchors)

    return make


@pytest.fixture
def client_of() -> Callable[..., ssl.SSLContext]:
    def make(own: Credentials | None, anchors: str) -> ssl.SSLContext:
        return context_of(ssl.PROTOCOL_TLS_CLIENT, own, anchors, ciphers="DEFAULT")

    return make


Handler = Callable[[socket.socket], None]


class Servers:
    """TCP servers in threads: each connection is given to a handler, and closed after it."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()
        self._threads: list[threading.Thread] = []

    def start(self, handler: Handler, address: str = "127.0.0.1", port: int = 0) -> int:
        """The port."""
        listener = socket.create_server((address, port))
        self.serve(listener, handler)
        return int(listener.getsockname()[1])

    def serve(self, listener: socket.socket, handler: Handler) -> None:
        self._stack.callback(listener.close)
        self._stack.callback(lambda: listener.shutdown(socket.SHUT_RDWR))

        def accept() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                thread = threading.Thread(target=self._handle, args=(handler, sock), daemon=True)
                thread.start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        self._threads.append(thread)

    def start_tls(self, context: ssl.SSLContext, handler: Handler, address: str = "127.0.0.1", port: int = 0) -> int:
        def over_tls(sock: socket.socket) -> None:
            with context.wrap_socket(sock, server_side=True) as tls:
                handler(tls)

        return self.start(over_tls, address, port)

    @staticmethod
    def _handle(handler: Handler, sock: socket.socket) -> None:
        with sock, contextlib.suppress(OSError):
            sock.settimeout(LIMIT)
            handler(sock)

    def close(self) -> None:
        self._stack.close()
        for thread in self._threads:
            thread.join(LIMIT)


@pytest.fixture
def servers() -> Iterator[Servers]:
    running = Servers()
    yield running
    running.close()


def read_to_end(sock: socket.socket) -> bytes:
    parts = []
    while data := sock.recv(65536):
        parts.append(data)
    return b"".join(parts)


@pytest.fixture
def assert_reset() -> Callable[[socket.socket], None]:
    """Below TLS, because Python before 3.11.9 tells a reset as an end of the stream."""

    def check(sock: socket.socket) -> None:
        with pytest.raises(ConnectionResetError):
            while socket.socket.recv(sock, 65536):
                pass

    return check


@pytest.fixture
def until_end() -> Callable[[socket.socket], bytes]:
    return read_to_end


class GateProcess:
    """The real process, and a connection to its control socket."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "gate.sock"
        self.refusals: list[dict[str, str]] = []
        self._number = 0
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "appliance.gate", str(self.path)])
        self.connect()

    def connect(self) -> None:
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        wait_for(lambda: self.socket.connect_ex(str(self.path)) == 0)
        self._lines = self.socket.makefile("rb")

    def disconnect(self) -> None:
        self._lines.close()
        self.socket.close()

    def reconnect(self) -> None:
        self.disconnect()
        self.connect()

    def call(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        self.socket.sendall(json.dumps({"id": self._number, "method": method, "params": params}).encode() + b"\n")
        while True:
            message = self._next()
            if message.get("id") == self._number:
                if "error" in message:
                    raise LookupError(message["error"].get("data", {}).get("code") or message["error"]["message"])
                return message["result"]

    def configure(self, config: GateConfig) -> bool:
        return bool(self.call("configure", config.as_json()))

    def refusal(self) -> dict[str, str]:
        """The next one, waited for."""
        while not self.refusals:
            self._next()
        return self.refusals.pop(0)

    def stats(self) -> dict[str, Any]:
        stats = self.call("stats", {})
        assert isinstance(stats, dict)
        return stats

    def _next(self) -> dict[str, Any]:
        message: dict[str, Any] = json.loads(self._lines.readline())
        if message.get("method") == "refused":
            self.refusals.append(message["params"])
        return message

    def stop(self) -> None:
        self.disconnect()
        self.process.terminate()
        assert self.process.wait(LIMIT) == 0


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[GateProcess]:
    process = GateProcess(tmp_path)
    yield process
    process.stop()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    return wait_for


def free_port() -> int:
    """Below the ports that the kernel gives to whoever connects, so that no test running beside takes it."""
    while True:
        port = random.randrange(10240, 32768)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


@dataclass
class Terminal:
    """What a terminal does: open TLS to the gate with its certificate."""

    port: int
    pki: Pki

    def connect(
        self, own: Credentials | None, version: ssl.TLSVersion | None = None, *, address: str = "127.0.0.1"
    ) -> ssl.SSLSocket:
        context = context_of(ssl.PROTOCOL_TLS_CLIENT, own, self.pki.terminals.pem, ciphers="DEFAULT")
        if version:
            context.minimum_version = context.maximum_version = version
        sock = socket.create_connection(("127.0.0.1", self.port), LIMIT, source_address=(address, 0))
        try:
            return context.wrap_socket(sock, server_hostname=HOST)
        except BaseException:
            sock.close()
            raise


@pytest.fixture
def assert_refused(gate_port: int) -> Callable[[], None]:
    """The gate resets a connection before anything was said on it."""

    def check() -> None:
        with pytest.raises(ConnectionResetError), socket.create_connection(("127.0.0.1", gate_port), LIMIT) as sock:
            sock.recv(1)

    return check


@pytest.fixture
def gate_port() -> int:
    return free_port()


@pytest.fixture
def terminal(pki: Pki, gate_port: int) -> Terminal:
    return Terminal(gate_port, pki)


@pytest.fixture
def config_for(pki: Pki, gate_port: int) -> Callable[..., GateConfig]:
    """A configuration with one service whose engine listens on loopback at `port`."""

    def make(port: int, **changes: Any) -> GateConfig:
        terminals = changes.pop("terminals", {"127.0.0.1": "front"})
        values: dict[str, Any] = {
            "name": "receipt",
            "host": HOST,
            "port": port,
            "listen": ("127.0.0.1", gate_port),
            "presented": pki.presented.pair,
            "terminal_anchors": pki.terminals.pem,
            "trust_anchors": pki.engines.pem,
            "pins": (pki.engine.pin, "sha256/" + "A" * 43 + "="),
            "identity": pki.identity.pair,
            "source": "127.0.0.1",
            "upstreams": ("127.0.0.1",),
            "open": True,
        }
        return GateConfig((ServiceConfig(**{**values, **changes}),), terminals)

    return make
