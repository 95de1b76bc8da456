"""What the gate's terminate mode costs beside HAProxy and nginx: ``python -m tests.bench.terminate``.

Terminal, proxies and engine stand on one machine of the lab and speak over its loopback. The gate is the
product's own process, told its settings on its control socket as the daemon does. The proxies stand there all
the time and take their turns; only a proxy's own processor time counts, not the terminal's or the engine's.
"""

from __future__ import annotations

import base64
import json
import socket
import ssl
import statistics
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address
from pathlib import Path

from appliance.gate.config import KeyPair, ServiceConfig
from tests.bench import accounting, gate_process, haproxy, nginx
from tests.bench.run import run
from tests.bench.table import Goal, Row, explain
from tests.lab import addresses, receipt
from tests.lab.client import API_KEY, LIMIT, USER
from tests.lab.enginehost import EngineHost
from tests.lab.machine import Machine
from tests.lab.pki import EngineCertificate, Pki, pem
from tests.lab.waiting import until

ROUNDS = 5
REQUESTS = 4000
CONNECTIONS = 200
BLOB_MIB = 32
BLOBS = 6

HOW = (
    "gate's terminate mode; peers: HAProxy in TCP mode with one thread, and nginx's stream proxy with one process; the "
    "same certificates, ciphers and demands"
)
GOALS = {
    "request": Goal("<=", 1.0, of_ratio=True),
    "connection": Goal("<=", 0.8, of_ratio=True),
    "bytes": Goal("<=", 1.0, of_ratio=True),
}
"""Beside HAProxy."""

PROXIES = IPv4Address("127.0.0.1")
ENGINE = IPv4Address("127.0.0.2")
GATE_PORT, HAPROXY_PORT, NGINX_PORT = 10443, 20443, 30443
_GIB = 1 << 30


class Terminal:
    """The receipt client's side of things on `machine`: TLS 1.2, its certificate, HTTP/1.1 with Basic.

    directory: of the certificates. address: to connect to. host: who it should be.
    """

    def __init__(
        self,
        machine: Machine,
        directory: Path,
        address: IPv4Address = PROXIES,
        host: str = addresses.RECEIPT_GATE_HOST,
    ) -> None:
        self._machine, self._address, self._host = machine, address, host
        self._tls = ssl.create_default_context(cafile=str(directory / "engine-ca.pem"))
        self._tls.maximum_version = ssl.TLSVersion.TLSv1_2
        self._tls.load_cert_chain(directory / "reception.pem", directory / "reception.key")

    def open(self, port: int, source: str = "0.0.0.0") -> ssl.SSLSocket:
        """A new connection with a full handshake. source: the address that it comes from."""
        tcp = self._machine.socket()
        try:
            tcp.settimeout(LIMIT)
            tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            tcp.bind((source, 0))
            tcp.connect((str(self._address), port))
            return self._tls.wrap_socket(tcp, server_hostname=self._host)
        except BaseException:
            tcp.close()
            raise

    def ask(self, connection: ssl.SSLSocket, request: bytes) -> int:
        """One request and its whole answer; returns the length of the answer's body in bytes."""
        connection.sendall(request)
        head = b""
        while b"\r\n\r\n" not in head:
            if not (more := connection.recv(65536)):
                raise ConnectionError("the answer ends in its head")
            head += more
        head, _, body = head.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        if " 200 " not in lines[0]:
            raise ValueError(lines[0])
        length = next(int(line.partition(":")[2]) for line in lines if line.lower().startswith("content-length:"))
        missing = length - len(body)
        buffer = bytearray(1 << 16)
        while missing:
            if not (received := connection.recv_into(buffer)):
                raise ConnectionError("the answer ends in its body")
            missing -= received
        return length


def request(method: str, path: str, body: bytes = b"", *, last: bool = False) -> bytes:
    """last: on its connection."""
    authorization = base64.b64encode(f"{USER}:{API_KEY}".encode()).decode()
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {addresses.RECEIPT_GATE_HOST}",
        f"Authorization: Basic {authorization}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        f"Connection: {'close' if last else 'keep-alive'}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


RPC = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "get_server_info", "params": {}}).encode()


def many_requests(terminal: Terminal, port: int, count: int) -> None:
    """Small remote procedure calls, one after the other on one connection."""
    message = request("POST", receipt.RPC_PATH, RPC)
    with terminal.open(port) as connection:
        for _ in range(count):
            terminal.ask(connection, message)


def many_connections(terminal: Terminal, port: int, count: int) -> None:
    """One remote procedure call on each new connection, as the real client does."""
    message = request("POST", receipt.RPC_PATH, RPC, last=True)
    for _ in range(count):
        with terminal.open(port) as connection:
            terminal.ask(connection, message)


def many_bytes(terminal: Terminal, port: int, count: int) -> None:
    """`count` times `BLOB_MIB` MiB of print data on one connection."""
    message = request("GET", f"{receipt.BLOB_PATH}bytes-{BLOB_MIB << 20}")
    with terminal.open(port) as connection:
        for _ in range(count):
            terminal.ask(connection, message)


@dataclass(frozen=True, slots=True)
class Proxy:
    """process: the one whose processor time counts. port: where it waits for terminals."""

    process: subprocess.Popen[str]
    port: int

    def cost(self, work: Callable[[int], None]) -> float:
        """Seconds of processor time that `work` (called with the proxy's port) costs the proxy."""
        before = accounting.settled_cpu(self.process.pid)
        work(self.port)
        return accounting.settled_cpu(self.process.pid) - before


def service_of(pki: Pki, source: IPv4Address = PROXIES, engine: IPv4Address = ENGINE) -> ServiceConfig:
    """The receipt service of the lab; unless told otherwise with everybody on one machine."""
    return ServiceConfig(
        name="receipt-gate",
        host=addresses.RECEIPT_GATE_HOST,
        port=addresses.ENGINE_PORT,
        listen=(str(PROXIES), GATE_PORT),
        presented=KeyPair(pki.gate.chain, pki.gate.key),
        terminal_anchors=pem(pki.terminal_ca.certificate),
        trust_anchors=pem(pki.engine_ca.certificate),
        pins=pki.pins,
        identity=KeyPair(pki.clinic.chain, pki.clinic.key),
        source=str(source),
        upstreams=(str(engine),),
        open=True,
    )


def measure(directory: Path, rounds: int) -> list[Row]:
    """All rows: medians over `rounds` rounds, in each of which every proxy does everything once."""
    pki = Pki()
    pki.write(directory / "pki")
    with Machine("bench", directory / "bench") as machine:
        engine = EngineHost(machine, [ENGINE], pki)
        engine.show(EngineCertificate.GOOD)
        engine.wait_until_serving()
        service = service_of(pki)
        proxies = {
            "gate": Proxy(gate_process.start(machine, service), GATE_PORT),
            "haproxy": Proxy(haproxy.start(machine, service, (str(PROXIES), HAPROXY_PORT)), HAPROXY_PORT),
            "nginx": Proxy(nginx.start(machine, service, (str(PROXIES), NGINX_PORT)), NGINX_PORT),
        }
        terminal = Terminal(machine, directory / "pki")
        for proxy in proxies.values():
            until(lambda proxy=proxy: listens(machine, proxy.port), f"port {proxy.port}")  # type: ignore[misc]
            # The first connection of each builds what later ones find: sessions with the engine, memory.
            many_connections(terminal, proxy.port, 3)
        works: dict[str, Callable[[int], None]] = {
            "request": lambda port: many_requests(terminal, port, REQUESTS),
            "connection": lambda port: many_connections(terminal, port, CONNECTIONS),
            "bytes": lambda port: many_bytes(terminal, port, BLOBS),
        }
        costs: dict[str, dict[str, list[float]]] = {name: {who: [] for who in proxies} for name in works}
        for number in range(rounds):
            # Who comes first changes, so that nobody always meets the warmer machine.
            turns = sorted(proxies, reverse=bool(number % 2))
            for name, work in works.items():
                for who in turns:
                    costs[name][who].append(proxies[who].cost(work))
        table = rows(
            {name: {who: statistics.median(its) for who, its in found.items()} for name, found in costs.items()}
        )
        profiles = ""
        if not all(row.reached for row in table if row.goal):
            gate_process.stop(proxies["gate"].process)
            for name, work in works.items():
                profiles += f"== {name}\n{gate_process.profile(machine, service, partial(work, GATE_PORT))}"
        explain("terminate", table, profiles)
        return table


def rows(medians: Mapping[str, Mapping[str, float]]) -> list[Row]:
    """medians: seconds of each proxy's processor time for the whole of each work."""
    scale = {
        "request": (1e6 / REQUESTS, "µs", "processor time per small request on an open connection"),
        "connection": (
            1e3 / CONNECTIONS,
            "ms",
            "processor time per new connection with one request: full TLS 1.2 handshake with the terminal, both "
            "certificates (ours RSA-2048), TLS 1.3 towards the engine",
        ),
        "bytes": (_GIB / (BLOBS * BLOB_MIB << 20), "s", "processor time per GiB to the terminal"),
    }
    return [
        Row(
            f"{what}; peer: {peer}",
            unit,
            medians[name]["gate"] * factor,
            medians[name][peer] * factor,
            GOALS[name] if peer == "haproxy" else None,
        )
        for peer in ("haproxy", "nginx")
        for name, (factor, unit, what) in scale.items()
    ]


def listens(machine: Machine, port: int) -> bool:
    """Whether anybody waits there at `PROXIES`."""
    try:
        machine.connect(str(PROXIES), port).close()
    except ConnectionRefusedError:
        return False
    return True


if __name__ == "__main__":
    run("terminate", HOW, measure, ROUNDS, {"haproxy": ["haproxy", "-v"], "nginx": nginx.VERSION})
