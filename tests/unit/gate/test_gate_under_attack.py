"""The gate process before terminals that mean harm, or are broken: whatever one does, another is served meanwhile, and
nothing of it stays."""

from __future__ import annotations

import contextlib
import random
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from appliance.gate.server import CONNECTIONS_OF_A_TERMINAL
from tests.unit.gate.pki import HOST, context_of
from tests.unit.gate.process import GateProcess
from tests.unit.gate.servers import exchange
from tests.unit.gate.waiting import LIMIT

TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ConfigFor = Callable[..., GateConfig]
ATTACKER, VICTIM = "127.0.0.1", "127.0.0.2"
BOTH = {ATTACKER: "front", VICTIM: "back"}
MIB = 1 << 20


@pytest.fixture
def attack(gate_port: int) -> Callable[[], socket.socket]:
    """A new TCP connection of the attacker's."""
    return lambda: socket.create_connection(("127.0.0.1", gate_port), LIMIT)


@pytest.fixture
def serves(terminal: Any, pki: Any) -> Callable[[], None]:
    """The other terminal gets its answer."""

    def check() -> None:
        with terminal.connect(pki.terminal, address=VICTIM) as sock:
            assert exchange(sock, b"still served") == b"still served"

    return check


def client_hello(maximum: ssl.TLSVersion = TLS13) -> bytes:
    """The record with which a good terminal begins."""
    context = context_of(ssl.PROTOCOL_TLS_CLIENT, None, None)
    context.check_hostname, context.verify_mode, context.maximum_version = False, ssl.CERT_NONE, maximum
    outgoing = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=HOST).do_handshake()
    return outgoing.read()


# ---- the handshake -------------------------------------------------------------------


@pytest.mark.usefixtures("tidy")
def test_a_handshake_byte_by_byte_ends_in_time_and_holds_nobody_up(
    gate: Any, engine: Any, config_for: ConfigFor, attack: Any, serves: Any
) -> None:
    gate.configure(config_for(engine(), terminals=BOTH))
    with attack() as sock, pytest.raises(ConnectionResetError):
        for byte in client_hello()[:-1]:
            sock.send(bytes([byte]))
            serves()
            if select.select([sock], [], [], 0.1)[0]:
                sock.recv(1)
    assert gate.refusal()["reason"] == "terminal-too-slow"


def garbage(chance: random.Random) -> bytes:
    """What no terminal says, or says only in part."""
    hello = client_hello(chance.choice([TLS12, TLS13]))
    spoilt = bytearray(hello)
    for _ in range(chance.randrange(1, 5)):
        spoilt[chance.randrange(len(spoilt))] = chance.randrange(256)
    return chance.choice(
        [
            b"",
            chance.randbytes(chance.randrange(1, 600)),
            b"GET / HTTP/1.1\r\nHost: weborca.cloud.example\r\n\r\n",
            # The head of SSL 2.0's.
            b"\x80\x2e\x01\x00\x02" + chance.randbytes(43),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + chance.randbytes(507),
            hello[: chance.randrange(len(hello))],
            bytes(spoilt),
            hello + chance.randbytes(100),
            b"\x15\x03\x01\x00\x02\x02\x28",
            b"\x14\x03\x03\x00\x01\x01" * 50,
        ]
    )


@pytest.mark.usefixtures("tidy")
def test_a_flood_of_garbage_leaves_nothing_behind(
    gate: Any, engine: Any, config_for: ConfigFor, attack: Any, serves: Any
) -> None:
    gate.configure(config_for(engine(), terminals=BOTH))
    chance = random.Random(446)
    with contextlib.ExitStack() as silent:
        for number in range(600):
            # Who is one too many is reset, perhaps before he has said anything.
            with contextlib.suppress(ConnectionError):
                sock = silent.enter_context(attack())
                sock.sendall(garbage(chance))
                if chance.random() < 0.5:
                    sock.close()
            if number % 50 == 0:
                serves()
        assert gate.stats()["connections"]["receipt"] <= CONNECTIONS_OF_A_TERMINAL + 1


@pytest.mark.usefixtures("tidy")
def test_whoever_talks_on_after_the_refusal_holds_nobody_up(
    gate: Any, engine: Any, config_for: ConfigFor, attack: Any, serves: Any
) -> None:
    gate.configure(config_for(engine(), terminals=BOTH))
    done = threading.Event()

    def pour() -> None:
        while not done.is_set():
            with contextlib.suppress(OSError), attack() as sock:
                while not done.is_set():
                    sock.sendall(bytes(4 * MIB))

    talkers = [threading.Thread(target=pour) for _ in range(2)]
    for talker in talkers:
        talker.start()
    try:
        assert gate.refusal()["reason"] == "terminal-handshake-failed"
        for _ in range(20):
            serves()
    finally:
        done.set()
        for talker in talkers:
            talker.join()


@pytest.mark.usefixtures("tidy")
def test_a_flood_of_refusals_is_told_of_once_and_counted(
    gate: Any, engine: Any, config_for: ConfigFor, assert_refused: Any, serves: Any
) -> None:
    gate.configure(config_for(engine(), terminals={VICTIM: "back"}))
    for _ in range(300):
        assert_refused()
    serves()
    assert gate.stats()["refusals"] == {"receipt": {"unknown-terminal": 300}}
    assert [refusal["reason"] for refusal in gate.refusals] == ["unknown-terminal"]


@pytest.mark.usefixtures("tidy")
def test_a_flood_of_broken_connections_is_said_once(
    gate: Any, engine: Any, config_for: ConfigFor, terminal: Any, pki: Any, eventually: Any, gate_log: Any
) -> None:
    gate.configure(config_for(engine(), terminals=BOTH))
    for _ in range(20):
        with terminal.connect(pki.terminal, address=ATTACKER) as sock:
            # No record of TLS.
            socket.socket.sendall(sock, b"GET / HTTP/1.1\r\n\r\n")
            with contextlib.suppress(OSError):
                while sock.recv(100):
                    pass
    eventually(lambda: gate.stats()["connections"]["receipt"] == 0)
    assert gate_log.read_text().count("broke at the terminal's side") == 1


# ---- what is larger than TLS allows -----------------------------------------------------

RECORD_OVERFLOW = b"\x02\x16"
"""Fatal, 22 (RFC 8446 section 6)."""
ILLEGAL_PARAMETER = b"\x02\x2f"


@pytest.mark.parametrize(
    ("said", "alert"),
    [
        # RFC 8446 section 5.1: 2^14 bytes, and not one more.
        (b"\x16\x03\x01\x40\x01" + client_hello()[5:] + bytes((1 << 14) + 1), RECORD_OVERFLOW),
        (b"\x16\x03\x01\xff\xff", RECORD_OVERFLOW),
        # A ClientHello of 16 MB, of which the first 16 KB are here.
        (b"\x16\x03\x01\x40\x00\x01\xff\xff\xff" + bytes((1 << 14) - 4), ILLEGAL_PARAMETER),
    ],
    ids=["a byte too many", "64 KB", "a handshake message of 16 MB"],
)
@pytest.mark.usefixtures("tidy")
def test_what_is_too_large_is_refused_before_it_has_come(
    said: bytes, alert: bytes, gate: Any, engine: Any, config_for: ConfigFor, attack: Any, serves: Any, until_end: Any
) -> None:
    gate.configure(config_for(engine(), terminals=BOTH))
    with attack() as sock:
        sock.sendall(said)
        serves()
        heard = until_end(sock)
    assert (heard[:1], heard[3:]) == (b"\x15", b"\x00\x02" + alert)
    assert gate.refusal()["reason"] == "terminal-handshake-failed"


@pytest.mark.parametrize("version", [TLS12, TLS13])
@pytest.mark.usefixtures("tidy")
def test_a_certificate_chain_of_a_megabyte_is_not_read(
    version: ssl.TLSVersion, gate: Any, engine: Any, config_for: ConfigFor, terminal: Any, pki: Any, serves: Any
) -> None:
    gate.configure(config_for(engine(), terminals=BOTH))
    long = replace(pki.terminal, certificate=pki.terminal.certificate + pki.terminals.pem * 3000)
    with pytest.raises(OSError), terminal.connect(long, version) as sock:
        sock.recv(1)
    refusal = gate.refusal()
    assert (refusal["reason"], refusal["detail"]) == ("terminal-handshake-failed", "EXCESSIVE_MESSAGE_SIZE")
    serves()


@pytest.mark.parametrize(("version", "length"), [(TLS12, (1 << 14) + 2049), (TLS13, (1 << 14) + 257), (TLS13, 0xFFFF)])
@pytest.mark.usefixtures("tidy")
def test_an_oversized_record_in_the_middle_is_an_overflow(
    version: ssl.TLSVersion, length: int, gate: Any, engine: Any, config_for: Any, terminal: Any, pki: Any, serves: Any
) -> None:
    """RFC 5246 section 6.2.3, RFC 8446 section 5.2."""
    gate.configure(config_for(engine(), terminals=BOTH))
    with terminal.connect(pki.terminal, version, address=ATTACKER) as sock:
        assert exchange(sock, b"x") == b"x"
        socket.socket.sendall(sock, b"\x17\x03\x03" + length.to_bytes(2) + bytes(length))
        with pytest.raises(ssl.SSLError, match="RECORD_OVERFLOW"):
            sock.recv(1)
    serves()


# ---- who does not read ---------------------------------------------------------------------

STUCK = 20
"""Connections."""
MOST_OF_ONE = 256 << 10
"""Bytes that the process may hold for one: a buffer of 48 KiB that waits, those of as much between it and
OpenSSL, and OpenSSL's of a record for each way."""


@pytest.mark.usefixtures("tidy")
def test_answers_that_nobody_reads_wait_at_the_engine(
    gate: Any, engine: Any, config_for: ConfigFor, terminal: Any, pki: Any, serves: Any, eventually: Any
) -> None:
    def answer(sock: socket.socket) -> None:
        """To what is asked in capitals, 200 MB."""
        while question := sock.recv(100):
            for _ in range(200 if question.isupper() else 0):
                sock.sendall(bytes(MIB))
            sock.sendall(question)

    gate.configure(config_for(engine(answer), terminals=BOTH))
    serves()
    before = gate.memory
    with contextlib.ExitStack() as deaf:
        for _ in range(STUCK):
            deaf.enter_context(terminal.connect(pki.terminal, address=ATTACKER)).sendall(b"ALL")
        eventually(lambda: stands_still(gate, "bytes_to_terminal"))
        assert gate.stats()["connections"]["receipt"] == STUCK
        serves()
        assert gate.memory < before + STUCK * MOST_OF_ONE


@pytest.mark.usefixtures("tidy")
def test_uploads_that_no_engine_reads_wait_at_the_terminal(
    gate: Any, engine: Any, config_for: ConfigFor, terminal: Any, pki: Any, serves: Any, eventually: Any
) -> None:
    done = threading.Event()

    def deaf(sock: socket.socket) -> None:
        """To what is said in capitals."""
        while said := sock.recv(100):
            if said[:1].isupper():
                done.wait()
            else:
                sock.sendall(said)

    gate.configure(config_for(engine(deaf), terminals=BOTH))
    serves()
    before = gate.memory
    rest: list[int] = []

    def upload() -> None:
        with contextlib.suppress(OSError), terminal.connect(pki.terminal, address=ATTACKER) as sock:
            sock.settimeout(None)
            sock.sendall(b"ALL")
            for number in range(200):
                sock.sendall(bytes(MIB))
                rest.append(number)

    uploads = [threading.Thread(target=upload, daemon=True) for _ in range(STUCK)]
    for thread in uploads:
        thread.start()
    eventually(lambda: gate.stats()["connections"]["receipt"] == STUCK)
    eventually(lambda: stands_still(gate, "bytes_to_engine"))
    serves()
    assert gate.memory < before + STUCK * MOST_OF_ONE
    assert max(rest, default=0) < 100
    gate.call("close", {"service": "receipt", "address": None})
    done.set()
    for thread in uploads:
        thread.join()


def stands_still(gate: GateProcess, counter: str) -> bool:
    before = gate.stats()[counter]["receipt"]
    time.sleep(0.3)
    return 0 < before == gate.stats()[counter]["receipt"]
