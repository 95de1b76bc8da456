"""What staff wait for: ``python -m tests.bench.rpc``. Log-ins over a line of 20 ms, one connection for each call.

The terminal and the proxies stand in the clinic, the engine at the other end of the line. Directly, a terminal's call
pays for TCP, TLS and the question, each with a round trip or more; through a proxy it pays for what the proxy pays.
The log-ins take turns, so that all meet the same machine.
"""

from __future__ import annotations

import socket
import statistics
from collections.abc import Mapping
from functools import partial
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from tests.bench import gate_process, haproxy
from tests.bench.run import run
from tests.bench.table import Goal, Row, explain
from tests.bench.terminate import service_of
from tests.lab import addresses
from tests.lab.client import LIMIT, ReceiptClient
from tests.lab.delay import DelayLine
from tests.lab.enginehost import EngineHost
from tests.lab.machine import Machine
from tests.lab.pki import EngineCertificate, Pki
from tests.lab.waiting import until

LOGINS = 200
PROFILED_LOGINS = 20
ROUND_TRIP = 0.02
"""Seconds."""
GOAL = Goal("<=", 0.4, of_ratio=True)
HOW = (
    f"{1e3 * ROUND_TRIP:.0f} ms to the engine and back, no loss; every call on a new connection, TLS 1.2 with "
    "certificates on both sides; peers: the terminal without a proxy, and HAProxy in HTTP mode with http-reuse "
    "always, one thread"
)

_CLINIC, _ENGINE = IPv4Interface("192.0.2.1/30"), IPv4Interface("192.0.2.2/30")
_GATE = (IPv4Address("127.0.0.1"), 10443)
_HAPROXY = (IPv4Address("127.0.0.1"), 20443)


def measure(directory: Path, logins: int) -> list[Row]:
    pki = Pki()
    pki.write(directory / "pki")
    with (
        Machine("clinic", directory / "clinic") as clinic,
        Machine("engine", directory / "engine") as far,
        DelayLine("far0", ROUND_TRIP / 2, (clinic, _CLINIC), (far, _ENGINE)),
    ):
        engine = EngineHost(far, [_ENGINE.ip], pki)
        engine.show(EngineCertificate.GOOD)
        engine.wait_until_serving()
        service = service_of(pki, source=_CLINIC.ip, engine=_ENGINE.ip)
        gate = gate_process.start(clinic, service)
        haproxy.start(clinic, service, (str(_HAPROXY[0]), _HAPROXY[1]), haproxy.HTTP_REUSE)
        ways = {"gate": _GATE, "haproxy": _HAPROXY, "direct": (_ENGINE.ip, addresses.ENGINE_PORT)}
        clients = {name: _client(clinic, directory / "pki", *way) for name, way in ways.items()}
        for client in clients.values():
            until(partial(_answers, client), client.host)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        calls: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(logins):
            for name, client in clients.items():
                login = client.login()
                seconds[name].append(sum(login.seconds.values()))
                calls[name].extend(login.seconds.values())
        table = rows(seconds, calls)
        profile = ""
        if not all(row.reached for row in table if row.goal):
            gate_process.stop(gate)
            profile = gate_process.profile(clinic, service, partial(_log_in, clients["gate"]))
        explain("rpc", table, profile)
        return table


def rows(seconds: Mapping[str, list[float]], calls: Mapping[str, list[float]]) -> list[Row]:
    """seconds: of each log-in, by way. calls: of each call."""

    def row(what: str, found: Mapping[str, list[float]], peer: str, share: float | None, goal: Goal | None) -> Row:
        def take(numbers: list[float]) -> float:
            return statistics.median(numbers) if share is None else statistics.quantiles(numbers, n=100)[int(share) - 1]

        name = "median" if share is None else f"{share:.0f} of 100 take no longer"
        return Row(f"{what}, {name}, beside {peer}", "ms", 1e3 * take(found["gate"]), 1e3 * take(found[peer]), goal)

    return [
        row("log-in of eight calls", seconds, "direct", None, GOAL),
        row("log-in of eight calls", seconds, "haproxy", None, None),
        row("one call", calls, "direct", None, None),
        row("one call", calls, "haproxy", None, None),
        row("one call", calls, "direct", 99, None),
        row("one call", calls, "haproxy", 99, None),
    ]


def _client(machine: Machine, pki: Path, address: IPv4Address, port: int) -> ReceiptClient:
    def connect(_host: str, _port: int) -> socket.socket:
        tcp = machine.connect(str(address), port, LIMIT)
        # Python sends head and body apart, Java does not: a long line would pay for that once more.
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tcp

    return ReceiptClient(
        connect,
        addresses.RECEIPT_GATE_HOST,
        port,
        pki / "engine-ca.pem",
        pki / "reception.pem",
        pki / "reception.key",
    )


def _log_in(client: ReceiptClient) -> None:
    """As often as a profile needs."""
    for _ in range(PROFILED_LOGINS):
        client.login()


def _answers(client: ReceiptClient) -> bool:
    try:
        client.login()
    except OSError:
        return False
    return True


if __name__ == "__main__":
    run("rpc", HOW, measure, LOGINS, {"haproxy": ["haproxy", "-v"]})
