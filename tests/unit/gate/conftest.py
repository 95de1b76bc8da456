"""What the tests of the gate share."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from appliance.gate.prove import Target
from appliance.gate.reserve import MOST
from tests.unit.gate.pki import Credentials, Pki, context_of, make_pki
from tests.unit.gate.process import GateProcess, Terminal, free_port
from tests.unit.gate.servers import Servers, echo, read_to_end
from tests.unit.gate.settings import gate_config, target_of
from tests.unit.gate.waiting import LIMIT, wait_for


@pytest.fixture(scope="session")
def pki() -> Pki:
    return make_pki()


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


@pytest.fixture
def servers() -> Iterator[Servers]:
    running = Servers()
    yield running
    running.close()


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


@pytest.fixture
def gate_log(tmp_path: Path) -> Path:
    """What the process says of itself."""
    return tmp_path / "gate.log"


@pytest.fixture
def gate(tmp_path: Path, gate_log: Path) -> Iterator[GateProcess]:
    with gate_log.open("ab") as log:
        process = GateProcess(tmp_path, log)
        yield process
        process.stop()
    print(gate_log.read_text(errors="replace"), file=sys.stderr)


@pytest.fixture
def tidy(gate: GateProcess, gate_log: Path) -> Iterator[None]:
    """Afterwards the process has what it had before, and says nothing of an error of its own."""
    # Once it answers, it has accepted this connection of ours.
    assert gate.stats()["terminals"] == {}
    before = gate.descriptors
    yield
    wait_for(lambda: sum(gate.stats()["connections"].values()) == 0)
    # Besides, one listens and some wait for the next terminal.
    wait_for(lambda: gate.descriptors <= before + 1 + MOST)
    assert gate.stats()["terminals"] == {}
    assert "Traceback" not in gate_log.read_text(errors="replace")


@pytest.fixture
def eventually() -> Callable[[Callable[[], object]], None]:
    return wait_for


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
    """See `gate_config`."""
    return partial(gate_config, pki, gate_port)


@pytest.fixture
def target(pki: Pki) -> Target:
    return target_of(pki)


@pytest.fixture
def engine(pki: Any, servers: Any, server_of: Any) -> Callable[..., int]:
    def start(
        handler: Any = echo, own: Any = None, anchors: str | None = None, version: Any = None, **more: Any
    ) -> int:
        context = server_of(own or pki.engine, anchors or pki.engines.pem)
        if version:
            context.minimum_version = context.maximum_version = version
        return int(servers.start_tls(context, handler, **more))

    return start
