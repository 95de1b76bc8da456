"""The shell of one connection, inside this process, where its errors can be provoked."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

from appliance.gate import dial, greeting
from appliance.gate.config import GateConfig
from appliance.gate.loop import READ, Loop
from appliance.gate.server import Gate
from appliance.gate.tls import RECORD


class OverError(Exception):
    pass


@contextlib.contextmanager
def running(config: GateConfig) -> Iterator[Gate]:
    """The gate in a thread of this process."""
    loop = Loop()
    gate = Gate(loop, lambda *_: None, 10)
    gate.configure(config)
    ours, its = socket.socketpair()

    def end(_: int) -> None:
        raise OverError

    def serve() -> None:
        with contextlib.suppress(OverError):
            loop.run()

    loop.watch(its.fileno(), READ, end)
    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield gate
    finally:
        ours.send(b"x")
        thread.join(20)
        gate.configure(GateConfig())
        ours.close()
        its.close()


@pytest.mark.parametrize("where", [greeting, dial], ids=["terminal", "engine"])
def test_an_error_of_ours_ends_one_connection_and_not_the_process(
    where: ModuleType,
    terminal: Any,
    pki: Any,
    servers: Any,
    server_of: Any,
    until_end: Any,
    config_for: Any,
    assert_reset: Any,
    eventually: Any,
    monkeypatch: Any,
    capfd: pytest.CaptureFixture[str],
) -> None:
    def broken(_: bytes) -> str:
        raise RuntimeError("provoked")

    monkeypatch.setattr(where, "identity_of", broken)
    with running(config_for(servers.start_tls(server_of(pki.engine, pki.engines.pem), until_end))) as gate:
        for _ in range(2):
            with terminal.connect(pki.terminal) as sock:
                assert_reset(sock)
        eventually(lambda: gate.stats()["connections"] == {"receipt": 0})
        assert gate.stats()["terminals"] == {}
    assert capfd.readouterr().err.count("RuntimeError: provoked") >= 2


def test_an_engine_that_breaks_off_is_named_in_the_log(
    terminal: Any, pki: Any, engine: Any, config_for: Any, assert_reset: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    def abort(sock: socket.socket) -> None:
        sock.recv(1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    with running(config_for(engine(abort))), terminal.connect(pki.terminal) as sock:
        sock.sendall(b"?")
        assert_reset(sock)
    told = "connection of 127.0.0.1 at receipt with 127.0.0.1 broke at the engine's side: Connection reset by peer"
    assert told in capfd.readouterr().err


def test_what_a_refused_terminal_still_says_is_taken_in_turns(gate_port: int, engine: Any, config_for: Any) -> None:
    loop, refusals = Loop(), list[object]()
    gate = Gate(loop, lambda refusal, _: refusals.append(refusal), 10)
    gate.configure(config_for(engine()))
    try:
        with socket.create_connection(("127.0.0.1", gate_port)) as talker:
            talker.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while not refusals:
                loop.turn()
            said = turns = 0
            talker.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                while True:
                    said += talker.send(bytes(RECORD))
            talker.shutdown(socket.SHUT_WR)
            while gate.stats()["connections"]["receipt"]:
                loop.turn()
                turns += 1
        assert turns >= said // RECORD > 10
    finally:
        gate.configure(GateConfig())
