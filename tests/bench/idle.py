"""What a terminal that only stays connected takes of a router's memory: ``python -m tests.bench.idle``.

Terminals, proxy and engine stand on one machine of the lab, as for `tests.bench.terminate`; the proxies have their
turns one after the other. Each connection has carried one request before it idles, and for each the proxy holds another
one to the engine: both proxies do that by nature.

The product stops at `appliance.gate.server.CONNECTIONS`, for the sake of a router's memory. Only here the process is
made to take more, by whoever starts it.
"""

from __future__ import annotations

import contextlib
import resource
import ssl
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path

from appliance import paths
from appliance.gate.config import KeyPair
from appliance.gate.reserve import MOST
from appliance.gate.server import CONNECTIONS_OF_A_TERMINAL
from tests.bench import accounting, gate_process, haproxy
from tests.bench.process_memory import Process
from tests.bench.run import run
from tests.bench.table import Row
from tests.bench.terminate import (
    ENGINE,
    GATE_PORT,
    HAPROXY_PORT,
    PROXIES,
    RPC,
    Terminal,
    listens,
    request,
    service_of,
)
from tests.lab import addresses, receipt
from tests.lab.machine import Machine
from tests.lab.pki import EngineCertificate, Pki, pem
from tests.lab.waiting import until

CONNECTIONS = 10_000
WARM_UP = 20
"""Connections, closed again, that build in a process what does not depend on their number."""
HOW = (
    "idle connections of terminals, TLS 1.2 with full handshakes and both certificates, each with one of the proxy's "
    "own to the engine (TLS 1.3); memory of the process, without the kernel's for its sockets; peer: HAProxy in TCP "
    "mode, one thread"
)

_FIRST_TERMINAL = IPv4Address("127.1.0.0")
_DESCRIPTORS_BESIDE = 512
"""More than the gate keeps for the page and itself (`appliance.gate.__main__`): else its last terminals are refused."""
_WITH_ROOM = (
    "import runpy, sys; from appliance.gate import server; server.CONNECTIONS = int(sys.argv.pop(1)); "
    "runpy.run_module('appliance.gate', run_name='__main__')"
)
_KB = 1e3


def room(wanted: int) -> int:
    """How many of the `wanted` connections a process may hold, at two descriptors each.

    Raises the limit of this process, and of those that it starts, as far as it may.
    """
    needed = 2 * wanted + _DESCRIPTORS_BESIDE
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, max(needed, hard)))
    except ValueError:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        return (hard - _DESCRIPTORS_BESIDE) // 2
    return wanted


def source(number: int) -> str:
    """The address of the terminal to which the connection `number`, from 0, belongs."""
    return str(_FIRST_TERMINAL + 1 + number // CONNECTIONS_OF_A_TERMINAL)


def hold(terminal: Terminal, process: subprocess.Popen[str], port: int, count: int) -> tuple[int, int]:
    """PSS in bytes of the proxy before, and while `count` connections idle."""
    message = request("POST", receipt.RPC_PATH, RPC)

    def open_into(stack: contextlib.ExitStack, number: int) -> ssl.SSLSocket:
        connection = stack.enter_context(terminal.open(port, source(number)))
        terminal.ask(connection, message)
        return connection

    with contextlib.ExitStack() as stack:
        for number in range(WARM_UP):
            open_into(stack, number)
    before = _settled_pss(process)
    with contextlib.ExitStack() as stack:
        standing = [open_into(stack, number) for number in range(count)]
        during = _settled_pss(process)
        descriptors = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
        if descriptors < 2 * count or not all(_is_idle(connection) for connection in standing):
            raise RuntimeError(f"not all of the {count} connections stand: the process has {descriptors} descriptors")
    return before, during


def _settled_pss(process: subprocess.Popen[str]) -> int:
    accounting.settled_cpu(process.pid)
    return Process(process.pid, "proxy", False).pss


def _is_idle(connection: ssl.SSLSocket) -> bool:
    connection.setblocking(False)
    try:
        connection.recv(1)
    except ssl.SSLWantReadError:
        return True
    return False


def measure(directory: Path, wanted: int) -> list[Row]:
    count = room(wanted)
    pki = Pki()
    pki.write(directory / "pki")
    own = pki.engine[EngineCertificate.GOOD]
    terminals = sorted({source(number) for number in range(count)})
    with Machine("bench", directory / "bench") as machine:
        haproxy.start_engine(
            machine,
            (str(ENGINE), addresses.ENGINE_PORT),
            KeyPair(own.chain, own.key),
            pem(pki.clinic_ca.certificate),
            count + MOST,
        )
        service = service_of(pki)
        with_room = (sys.executable, "-I", "-c", _WITH_ROOM, str(count), paths.GATE_SOCKET)
        gate = gate_process.start(machine, service, [str(PROXIES), *terminals], with_room)
        peer = haproxy.start(machine, service, (str(PROXIES), HAPROXY_PORT), connections=count)
        terminal = Terminal(machine, directory / "pki")
        found = []
        for process, port in ((gate, GATE_PORT), (peer, HAPROXY_PORT)):
            until(lambda port=port: listens(machine, port), f"port {port}")  # type: ignore[misc]
            found.append(hold(terminal, process, port, count))
    return rows(count, *found)


def rows(count: int, ours: tuple[int, int], peer: tuple[int, int]) -> list[Row]:
    """ours, peer: see `hold`."""
    mine, its = ((during - before) / count / _KB for before, during in (ours, peer))
    what = "memory (PSS) of the proxy"
    return [
        Row(f"{what} for each of {count:,} idle connections and its own to the engine", "kB", mine, its),
        Row(f"{what} with {count:,} idle connections", "MB", ours[1] / 1e6, peer[1] / 1e6),
        Row(f"{what} before", "MB", ours[0] / 1e6, peer[0] / 1e6),
    ]


if __name__ == "__main__":
    run("idle", HOW, measure, CONNECTIONS, {"haproxy": ["haproxy", "-v"]})
