"""The line drops large packets without a word: the router finds out by itself, and large greetings still pass."""

from __future__ import annotations

import pytest

from appliance.tunnel.knock import client_hello, is_tls
from tests.lab import addresses, observe
from tests.lab.waiting import until
from tests.lab.wires import Direction
from tests.lab.world import World
from tests.scenarios.steps import engine_addresses, metric

pytestmark = pytest.mark.namespaces

WIDTH = 1400
"""Bytes of the outer packet that pass."""
ROOM = (WIDTH - 60) // 16 * 16
"""What is left of it inside: 20 bytes IPv4, 8 UDP, 32 WireGuard, which also fills up to a multiple of 16."""
POST_QUANTUM = 1900
"""Bytes of a ClientHello with a hybrid key share."""


def test_line_is_narrower_than_it_says(clinic: World) -> None:
    for direction in Direction:
        clinic.links["upper", "wan0"].cut(direction, match=f"ip length > {WIDTH}")
    until(
        lambda: all(ROOM - 8 <= _width(clinic, tunnel) <= ROOM for tunnel in ("dc1", "dc2")), "the width is known", 90
    )
    address = engine_addresses(addresses.RECEIPT_HOST)[0]
    greeting = _padded(client_hello(addresses.RECEIPT_HOST), POST_QUANTUM)
    with clinic.machines["reception"].connect(address, addresses.ENGINE_PORT, 20) as connection:
        connection.sendall(greeting)
        assert is_tls(connection.recv(4096))
    for role in addresses.TERMINALS:
        for host in (addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST):
            clinic.client(role, host).login()
    assert set(observe.light_states(clinic).values()) == {"ok"}


def _width(clinic: World, tunnel: str) -> float:
    return metric(clinic, f'sekisho_tunnel_mtu_bytes{{tunnel="{tunnel}"}}')


def _padded(hello: bytes, size: int) -> bytes:
    """The same ClientHello with a padding extension (RFC 7685) at its end, so that the record has `size` bytes."""
    padding = bytes.fromhex("0015") + (size - len(hello) - 4).to_bytes(2, "big") + bytes(size - len(hello) - 4)
    body = hello[9:] + padding
    # Version, random, session (empty), ciphers, compression: what stands before the extensions' length.
    start = 2 + 32 + 1 + 2 + int.from_bytes(body[35:37], "big") + 2
    extensions = body[start + 2 :]
    body = body[:start] + len(extensions).to_bytes(2, "big") + extensions
    message = hello[5:6] + len(body).to_bytes(3, "big") + body
    return hello[:3] + len(message).to_bytes(2, "big") + message
