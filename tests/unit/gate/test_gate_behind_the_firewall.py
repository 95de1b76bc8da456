"""The gate where it belongs: its own user, the product's own rules, connections redirected by the kernel."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from appliance.intent import names
from tests.unit.intent.clinic import GATE_ENGINE, INNER, PATIENCE, ROUTER, UNPROVEN, Clinic, standing_clinic

pytestmark = pytest.mark.namespaces

TERMINAL = "192.0.2.10"
SOCKET = "/run/sekisho/gate.sock"


@pytest.fixture(scope="module")
def clinic() -> Iterator[Clinic]:
    with standing_clinic() as standing:
        standing.forget()
        yield standing


@pytest.fixture
def ask(clinic: Clinic) -> Iterator[Callable[..., Any]]:
    """Start the gate process as its user, and speak with it as the daemon would."""
    clinic.router.run("install", "-d", "-m", "700", "-o", names.GATE_USER, "/run/sekisho")
    process = clinic.router.popen(sys.executable, "-I", "-m", "appliance.gate", SOCKET, user=names.GATE_USER)
    daemon = clinic.router.inside(lambda: socket.socket(socket.AF_UNIX))
    daemon.settimeout(PATIENCE)
    while clinic.router.inside(lambda: daemon.connect_ex(SOCKET)):
        assert process.poll() is None
    lines = daemon.makefile("rb")

    def call(method: str, params: dict[str, Any]) -> Any:
        daemon.sendall(json.dumps({"id": method, "method": method, "params": params}).encode() + b"\n")
        while (message := json.loads(lines.readline())).get("id") != method:
            pass
        return message["result"]

    yield call
    lines.close()
    daemon.close()
    process.terminate()
    process.wait(PATIENCE)


def tls_server(clinic: Clinic, address: str, context: ssl.SSLContext, servers: Any) -> None:
    listener = clinic.center.socket()
    listener.bind((address, 443))
    listener.listen()

    def answer(sock: socket.socket) -> None:
        with context.wrap_socket(sock, server_side=True) as tls:
            tls.recv(100)
            tls.sendall(f"{address} to {tls.getpeername()[0]}".encode())
            with contextlib.suppress(OSError):
                tls.unwrap()

    servers.serve(listener, answer)


def test_a_redirected_terminal_reaches_the_engine_it_meant_and_only_proven_ones(
    clinic: Clinic, ask: Callable[..., Any], pki: Any, servers: Any, server_of: Any, client_of: Any, config_for: Any
) -> None:
    for address in (GATE_ENGINE, UNPROVEN):
        tls_server(clinic, address, server_of(pki.engine, pki.engines.pem), servers)
    port = clinic.intent.services[1].gate_port
    config = config_for(443, listen=(ROUTER, port), source=INNER, terminals={TERMINAL: "reception"})
    both = replace(config, services=(replace(config.services[0], upstreams=(UNPROVEN, GATE_ENGINE)),))
    only = replace(config, services=(replace(config.services[0], upstreams=(UNPROVEN,)),))
    terminal = client_of(pki.terminal, pki.terminals.pem)

    def answer_of(address: str) -> str:
        connection = clinic.terminal.connect(address, 443, PATIENCE)
        with terminal.wrap_socket(connection, server_hostname=config.services[0].host) as tls:
            tls.sendall(b"who is there?")
            return tls.recv(100).decode()

    ask("configure", both.as_json())
    clinic.prove(GATE_ENGINE, gate=True)
    clinic.prove(UNPROVEN, gate=True)
    # The engine sees the clinic's one inner address, and is the one that the terminal named.
    assert answer_of(GATE_ENGINE) == f"{GATE_ENGINE} to {INNER}"
    assert answer_of(UNPROVEN) == f"{UNPROVEN} to {INNER}"
    ask("configure", only.as_json())
    assert answer_of(GATE_ENGINE) == f"{UNPROVEN} to {INNER}"
    assert ask("stats", {})["terminals"].keys() <= {"reception"}

    # The kernel's permission lapses before the daemon tells the gate: nothing gets out, the terminal hears at once.
    clinic.lapse(UNPROVEN, gate=True)
    with pytest.raises(OSError):
        answer_of(UNPROVEN)


def test_only_root_and_the_gate_itself_may_speak_on_the_control_socket(clinic: Clinic, ask: Callable[..., Any]) -> None:
    assert ask("stats", {})["refusals"] == {}
    clinic.router.run("chmod", "711", "/run/sekisho")
    clinic.router.run("chmod", "666", SOCKET)
    program = (
        "import socket; s = socket.socket(socket.AF_UNIX); "
        f"s.connect({SOCKET!r}); s.sendall(b'{{}}\\n'); print(len(s.recv(1)))"
    )
    answers = {
        user: clinic.router.run(sys.executable, "-c", program, user=user, check=False).stdout.strip()
        for user in (None, names.GATE_USER, names.PAGE_USER)
    }
    assert answers.pop(names.PAGE_USER) in ("0", "")
    assert set(answers.values()) == {"1"}
