"""Connections to engines that wait for terminals, in the real gate process."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from tests.unit.gate.servers import DROP_ALL, SO_ATTACH_FILTER, exchange

ConfigFor = Callable[..., GateConfig]


class Engine:
    """Echoes, and remembers each connection: what was said on it, and whether it is open."""

    def __init__(self) -> None:
        self.said: list[bytes] = []
        self.sockets: list[socket.socket] = []
        self.closes_after: float | None = None
        self._lock = threading.Lock()

    def serve(self, sock: socket.socket) -> None:
        with self._lock:
            number = len(self.said)
            self.said.append(b"")
            self.sockets.append(sock)
        if self.closes_after is not None:
            sock.settimeout(self.closes_after)
        while data := sock.recv(65536):
            self.said[number] += data
            sock.sendall(data)

    def fall_silent(self) -> None:
        """On all connections of now: its kernel hears no more, so that nothing is acknowledged."""
        for sock in self.sockets:
            if sock.fileno() >= 0:
                sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, DROP_ALL)

    @property
    def open(self) -> int:
        return sum(sock.fileno() >= 0 for sock in self.sockets)


@pytest.fixture
def counting() -> Engine:
    return Engine()


@pytest.fixture(params=[ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
def config(request: pytest.FixtureRequest, counting: Engine, engine: Any, config_for: ConfigFor) -> GateConfig:
    """With one engine, `counting`, of each version of TLS."""
    return config_for(engine(counting.serve, version=request.param))


@pytest.fixture
def ask(terminal: Any, pki: Any) -> Callable[[bytes], None]:
    """One terminal's connection, with one question."""

    def once(data: bytes) -> None:
        with terminal.connect(pki.terminal) as sock:
            assert exchange(sock, data) == data

    return once


def waiting(gate: Any) -> int:
    return int(gate.stats()["waiting"]["receipt"])


def had_waited(gate: Any) -> int:
    return int(gate.stats()["had_waited"]["receipt"])


def test_the_second_connection_finds_one_that_waits_and_none_serves_twice(
    gate: Any, counting: Engine, config: GateConfig, ask: Any, eventually: Any
) -> None:
    gate.configure(config)
    asked = [f"terminal's call {number}".encode() for number in range(6)]
    for number, data in enumerate(asked):
        ask(data)
        eventually(lambda: waiting(gate))
        assert had_waited(gate) == number
    assert sorted(said for said in counting.said if said) == sorted(asked)


def test_an_engine_never_hears_of_a_terminal_without_a_certificate(
    gate: Any, counting: Engine, config: GateConfig, terminal: Any
) -> None:
    gate.configure(config)
    with pytest.raises(OSError), terminal.connect(None) as sock:
        sock.recv(1)
    assert gate.refusal()["reason"].startswith("terminal-")
    assert waiting(gate) == 0 and not counting.said


def test_an_engine_that_ends_what_waits_disturbs_nobody(
    gate: Any, counting: Engine, config: GateConfig, ask: Any, eventually: Any
) -> None:
    counting.closes_after = 0.2
    gate.configure(config)
    for number in range(4):
        ask(b"%d" % number)
        eventually(lambda: counting.open == 0)
    assert not gate.refusals


def test_other_pins_or_revocations_prove_everything_anew(
    gate: Any, counting: Engine, config: GateConfig, ask: Any, eventually: Any
) -> None:
    gate.configure(config)
    ask(b"a")
    eventually(lambda: waiting(gate))
    first = counting.sockets[-1]
    (service,) = config.services
    gate.configure(replace(config, services=(replace(service, pins=(*service.pins, "sha256/" + "B" * 43 + "=")),)))
    eventually(lambda: first.fileno() < 0)
    eventually(lambda: waiting(gate))
    before = had_waited(gate)
    ask(b"b")
    assert had_waited(gate) == before + 1


def test_nothing_waits_at_an_engine_that_is_no_longer_ours(
    gate: Any, counting: Engine, config: GateConfig, pki: Any, ask: Any, eventually: Any
) -> None:
    for change in (
        replace(config.services[0], upstreams=(), open=False),
        replace(config.services[0], pins=("sha256/" + "A" * 43 + "=",)),
    ):
        gate.configure(config)
        ask(b"a")
        eventually(lambda: waiting(gate))
        gate.configure(replace(config, services=(change,)))
        eventually(lambda: counting.open == 0)
        assert waiting(gate) == 0
    gate.configure(config)
    ask(b"a")
    eventually(lambda: waiting(gate))
    gate.configure(replace(config, services=()))
    eventually(lambda: counting.open == 0)


def test_the_daemons_order_to_cut_reaches_what_waits(
    gate: Any, counting: Engine, config: GateConfig, ask: Any, eventually: Any
) -> None:
    gate.configure(config)
    ask(b"a")
    eventually(lambda: waiting(gate))
    waited = counting.sockets[-1]
    gate.call("close", {"service": "receipt", "address": "127.0.0.1", "reason": "test"})
    eventually(lambda: waited.fileno() < 0)


def test_an_engine_that_fell_silent_resets_the_terminal_instead_of_letting_it_wait(
    gate: Any,
    counting: Engine,
    config: GateConfig,
    ask: Any,
    terminal: Any,
    pki: Any,
    eventually: Any,
    assert_reset: Any,
) -> None:
    gate.configure(config)
    ask(b"a")
    # The engine hears of its end of a handshake later than the gate of its own.
    eventually(lambda: waiting(gate) and counting.open == waiting(gate))
    counting.fall_silent()
    with terminal.connect(pki.terminal) as sock:
        sock.sendall(b"is anybody there?")
        assert_reset(sock)
    assert gate.refusal()["reason"] == "timeout"


def test_a_push_channel_is_asked_for_once_more_where_an_engine_fell_silent(
    gate: Any, counting: Engine, config: GateConfig, ask: Any, terminal: Any, pki: Any, eventually: Any
) -> None:
    gate.configure(config)
    ask(b"a")
    # The engine hears of its end of a handshake later than the gate of its own.
    eventually(lambda: waiting(gate) and counting.open == waiting(gate))
    counting.fall_silent()
    asked = b"GET /ws HTTP/1.1\r\nHost: e\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
    with terminal.connect(pki.terminal) as sock:
        assert exchange(sock, asked) == asked
        assert exchange(sock, b"ping") == b"ping"
    assert not gate.refusals


def test_a_terminal_that_says_nothing_for_a_while_keeps_what_it_got(
    gate: Any, config: GateConfig, ask: Any, terminal: Any, pki: Any, eventually: Any
) -> None:
    gate.configure(config)
    ask(b"a")
    eventually(lambda: waiting(gate))
    with terminal.connect(pki.terminal) as sock:
        time.sleep(4)
        assert exchange(sock, b"at last") == b"at last"
