"""The table in a real kernel, around the gate: what it reaches, and who reaches it."""

from __future__ import annotations

import socket
import struct

import pytest

from tests.lab.machine import Machine
from tests.unit.intent.clinic import (
    GATE_ENGINE,
    INNER,
    PATIENCE,
    ROUTER,
    Clinic,
    Echo,
    outcome,
    owned_socket,
    says,
    try_to_connect,
)

pytestmark = pytest.mark.namespaces


def test_the_gate_is_reached_by_the_engines_address_only(clinic: Clinic, gate: Echo) -> None:
    port = clinic.intent.services[1].gate_port
    assert port
    assert outcome(clinic.terminal, GATE_ENGINE, 443) == "refused"
    clinic.prove(GATE_ENGINE, gate=True)
    with clinic.terminal.connect(GATE_ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
    assert gate.peers == ["192.0.2.10"]
    assert outcome(clinic.terminal, ROUTER, port) == "refused"
    assert outcome(clinic.stranger, GATE_ENGINE, 443) == "refused"
    assert outcome(clinic.stranger, ROUTER, port) == "refused"


def test_a_lapsed_proof_resets_the_terminals_connection_to_the_gate(clinic: Clinic, gate: Echo) -> None:
    clinic.prove(GATE_ENGINE, gate=True)
    with clinic.terminal.connect(GATE_ENGINE, 443, PATIENCE) as connection:
        assert says(connection) == "echo"
        clinic.lapse(GATE_ENGINE, gate=True)
        assert says(connection) == "reset"
    assert outcome(clinic.terminal, GATE_ENGINE, 443) == "refused"


def test_the_gate_reaches_only_proven_engines_and_the_prover_all(
    clinic: Clinic, gate_engine: Echo, gate_user: int
) -> None:
    assert try_to_connect(owned_socket(clinic.router, gate_user), GATE_ENGINE, 443) == "refused"
    assert try_to_connect(owned_socket(clinic.router, 0), GATE_ENGINE, 443) == "open"
    assert try_to_connect(owned_socket(clinic.router, 65534), GATE_ENGINE, 443) == "refused"
    clinic.prove(GATE_ENGINE, gate=True)
    with owned_socket(clinic.router, gate_user) as upstream:
        upstream.settimeout(PATIENCE)
        upstream.connect((GATE_ENGINE, 443))
        assert says(upstream) == "echo"
        clinic.carry_by("sk-dc2")
        assert says(upstream) == "echo"
        clinic.lapse(GATE_ENGINE, gate=True)
        assert says(upstream) == "reset"
    assert set(gate_engine.peers) == {INNER}


def test_an_engine_hears_that_the_gate_gave_up_even_when_its_proof_has_lapsed(clinic: Clinic, gate_user: int) -> None:
    clinic.prove(GATE_ENGINE, gate=True)
    with listening(clinic.center, GATE_ENGINE, 443) as listener, owned_socket(clinic.router, gate_user) as upstream:
        upstream.settimeout(PATIENCE)
        upstream.connect((GATE_ENGINE, 443))
        engine_side, _ = listener.accept()
        clinic.lapse(GATE_ENGINE, gate=True)
        # Close by reset: linger, zero seconds.
        upstream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        upstream.close()
        engine_side.settimeout(PATIENCE)
        with engine_side, pytest.raises(ConnectionResetError):
            engine_side.recv(1)


@pytest.mark.parametrize("lapsed", [False, True], ids=["proof fresh", "proof lapsed"])
def test_what_a_dead_gate_left_behind_reaches_only_a_proven_engine(
    clinic: Clinic, gate_user: int, lapsed: bool
) -> None:
    clinic.prove(GATE_ENGINE, gate=True)
    with listening(clinic.center, GATE_ENGINE, 443) as listener, owned_socket(clinic.router, gate_user) as upstream:
        upstream.settimeout(PATIENCE)
        upstream.connect((GATE_ENGINE, 443))
        engine_side, _ = listener.accept()
        upstream.setblocking(False)
        sent = 0
        with pytest.raises(BlockingIOError):
            while True:
                sent += upstream.send(bytes(4096))
        if lapsed:
            clinic.lapse(GATE_ENGINE, gate=True)
        upstream.close()
        with engine_side:
            engine_side.settimeout(2)
            received = read_all(engine_side)
    assert (received < sent) if lapsed else (received == sent)


def listening(machine: Machine, address: str, port: int) -> socket.socket:
    """A listener with small buffers, so that little can be on its way."""
    listener = machine.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listener.bind((address, port))
    listener.listen()
    return listener


def read_all(connection: socket.socket) -> int:
    received = 0
    try:
        while data := connection.recv(65536):
            received += len(data)
    except (TimeoutError, ConnectionError):
        pass
    return received
