"""The gate process when everybody comes at once: its limits hold, and what was taken comes back."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from appliance.gate.server import CONNECTIONS, CONNECTIONS_OF_A_TERMINAL
from tests.unit.gate.pki import HOST
from tests.unit.gate.servers import exchange
from tests.unit.gate.waiting import LIMIT

TLS12 = ssl.TLSVersion.TLSv1_2
ConfigFor = Callable[..., GateConfig]


@pytest.mark.usefixtures("tidy")
def test_whoever_cannot_be_let_in_for_want_of_descriptors_costs_nothing_until_there_are_some(
    gate: Any, engine: Any, config_for: ConfigFor, gate_port: int, terminal: Any, pki: Any
) -> None:
    gate.configure(config_for(engine()))
    limits = resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE, (gate.descriptors, limits[1]))
    with socket.create_connection(("127.0.0.1", gate_port), LIMIT):
        before = gate.processor_time
        time.sleep(2)
        assert gate.processor_time < before + 0.5
        resource.prlimit(gate.process.pid, resource.RLIMIT_NOFILE, limits)
        with terminal.connect(pki.terminal) as other:
            assert exchange(other, b"x") == b"x"


@pytest.fixture
def many_descriptors() -> Iterator[None]:
    """For this process, which plays both sides."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(limits[0], 3 * CONNECTIONS), limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


class Patient:
    """An echo over TLS in one thread, for many more connections than there can be threads."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._loop = self._runner.get_loop()
        self._over = asyncio.Event()
        self._thread = threading.Thread(target=self._runner.run, args=(self._serve(),))

    def __enter__(self) -> int:
        """Its port."""
        self._thread.start()
        return int(self._listener.getsockname()[1])

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()
        self._runner.close()

    async def _serve(self) -> None:
        async with await asyncio.start_server(self._echo, sock=self._listener, ssl=self._context):
            await self._over.wait()

    @staticmethod
    async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(100):
                writer.write(data)
        writer.close()


@pytest.mark.usefixtures("tidy", "many_descriptors")
def test_ten_thousand_idle_connections_are_too_many_and_the_rest_is_reset_at_once(
    gate: Any, config_for: ConfigFor, gate_port: int, pki: Any, server_of: Any, client_of: Any, eventually: Any
) -> None:
    """As many as the limits allow stand, each proven on both sides; twice, to see that nothing is kept of the first."""
    terminals = [f"127.0.1.{number}" for number in range(50)]
    context = client_of(pki.terminal, pki.terminals.pem)
    # The real client's.
    context.maximum_version = TLS12

    def refused(ip: str) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", gate_port), LIMIT, source_address=(ip, 0)) as sock:
                sock.recv(1)
                return False
        except ConnectionResetError:
            return True

    def attempt() -> int:
        """The most memory that it took."""
        session = None
        with contextlib.ExitStack() as idle:
            for number in range(CONNECTIONS):
                ip = terminals[number // CONNECTIONS_OF_A_TERMINAL]
                tcp = socket.create_connection(("127.0.0.1", gate_port), LIMIT, source_address=(ip, 0))
                sock = idle.enter_context(context.wrap_socket(tcp, server_hostname=HOST, session=session))
                assert exchange(sock, b"x") == b"x"
                session = session or sock.session
                if number == CONNECTIONS_OF_A_TERMINAL:
                    assert refused(terminals[0])
            assert set(gate.stats()["terminals"].values()) == {CONNECTIONS_OF_A_TERMINAL}
            assert all(refused(terminals[number % len(terminals)]) for number in range(10_000 - CONNECTIONS))
            assert gate.stats()["connections"]["receipt"] == CONNECTIONS
            most = gate.memory
        eventually(lambda: gate.stats()["connections"]["receipt"] == 0)
        return most

    with Patient(server_of(pki.engine, pki.engines.pem)) as port:
        gate.configure(config_for(port, terminals={ip: ip for ip in terminals}))
        first = attempt()
        assert gate.stats()["refusals"]["receipt"] == {"too-many-connections": 10_000 - CONNECTIONS + 1}
        assert gate.memory < first
        assert attempt() < 1.05 * first
