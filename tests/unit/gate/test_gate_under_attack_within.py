"""The gate process before terminals that have shown a good certificate, and then say what does no good: whatever one
does, another is served meanwhile, and it costs a bounded part of time and memory."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path
from typing import Any

import pytest

from appliance.gate.config import GateConfig
from tests.unit.gate.pki import context_of
from tests.unit.gate.records import Content, Handshaken
from tests.unit.gate.servers import exchange
from tests.unit.gate.waiting import LIMIT

ConfigFor = Callable[..., GateConfig]
Speech = Callable[[Handshaken], bytes]
TLS12, TLS13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
ATTACKER, VICTIM = "127.0.0.1", "127.0.0.2"
BOTH = {ATTACKER: "front", VICTIM: "back"}
FLOOD = 20_000
"""Records, made beforehand, so that they come as fast as the gate takes them."""
MOST_MEMORY = 1 << 20
MOST_SECONDS = 0.3
"""Of the processor, where what is cut off early would have cost more: 20,000 changes of keys 0.3 to 0.6 s."""
CLIENT_HELLO, HELLO_REQUEST = b"\x01\x00\x00\x00", b"\x00\x00\x00\x00"


@pytest.fixture
def within(pki: Any, gate_port: int, tmp_path: Path) -> Iterator[Callable[[ssl.TLSVersion], Handshaken]]:
    """A connection of the attacker's, joined with an engine's."""
    with contextlib.ExitStack() as stack:

        def begin(version: ssl.TLSVersion) -> Handshaken:
            context = context_of(ssl.PROTOCOL_TLS_CLIENT, pki.terminal, pki.terminals.pem, ciphers="ECDHE+AESGCM")
            context.minimum_version = context.maximum_version = version
            address = ("127.0.0.1", gate_port)
            tcp = stack.enter_context(socket.create_connection(address, LIMIT, source_address=(ATTACKER, 0)))
            return Handshaken(context, tcp, tmp_path)

        yield begin


@pytest.mark.parametrize(
    ("version", "speech"),
    [
        (TLS13, lambda one: one.key_update(answer=False)),
        (TLS13, lambda one: one.key_update(answer=True)),
        (TLS13, lambda one: one.record(Content.APPLICATION_DATA)),
        (TLS12, lambda one: one.record(Content.APPLICATION_DATA)),
        (TLS12, lambda one: one.record(Content.HANDSHAKE, CLIENT_HELLO)),
        (TLS12, lambda one: one.record(Content.HANDSHAKE, HELLO_REQUEST)),
    ],
    ids=["new keys", "new keys on both sides", "nothing", "nothing in 1.2", "renegotiation", "a server's word"],
)
@pytest.mark.usefixtures("tidy")
def test_a_flood_of_what_tells_the_engine_nothing_is_cut_off(
    version: ssl.TLSVersion,
    speech: Speech,
    gate: Any,
    engine: Any,
    config_for: ConfigFor,
    within: Any,
    terminal: Any,
    pki: Any,
) -> None:
    gate.configure(config_for(engine(), terminals=BOTH))
    with terminal.connect(pki.terminal, address=VICTIM) as sock:
        assert exchange(sock, b"served") == b"served"
        one = within(version)
        flood = b"".join(map(speech, repeat(one, FLOOD)))
        memory, time = gate.memory, gate.processor_time
        with contextlib.suppress(ConnectionError):
            one.socket.sendall(flood)
        heard = b"there is something to be heard"
        with contextlib.suppress(ConnectionError):
            while heard:
                heard = one.socket.recv(65536)
        assert exchange(sock, b"still served") == b"still served"
    assert gate.memory < memory + MOST_MEMORY
    assert gate.processor_time < time + MOST_SECONDS


@pytest.mark.usefixtures("tidy")
def test_new_keys_between_words_are_followed_and_hold_nobody_up(
    gate: Any, engine: Any, config_for: ConfigFor, within: Any, terminal: Any, pki: Any, eventually: Any
) -> None:
    """As an honest terminal changes them, only more often, and without reading the other side's new keys."""
    gate.configure(config_for(engine(), terminals=BOTH))
    one = within(TLS13)
    flood = b"".join(
        one.key_update(answer=True) + one.record(Content.APPLICATION_DATA, b"x") for _ in range(FLOOD // 10)
    )
    pouring = threading.Thread(target=one.socket.sendall, args=(flood,))
    pouring.start()
    with terminal.connect(pki.terminal, address=VICTIM) as sock:
        for _ in range(5):
            assert exchange(sock, b"served") == b"served"
    pouring.join()
    eventually(lambda: gate.stats()["bytes_to_engine"]["receipt"] == FLOOD // 10 + 5 * len(b"served"))
    one.socket.close()
