"""What several scenarios do or look at."""

from __future__ import annotations

import dataclasses
import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tests.lab import addresses, observe, receipt
from tests.lab.client import LIMIT, ReceiptClient
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.world import World

MODES = (addresses.RECEIPT_HOST, addresses.RECEIPT_GATE_HOST)
"""The engine's two names: passthrough, and by the gate."""


def engine_addresses(host: str) -> list[str]:
    """Both engines' addresses for one of the services."""
    return [
        str((place.receipt if host == addresses.RECEIPT_HOST else place.receipt_gate).ip)
        for place in addresses.ENGINES.values()
    ]


def client_at(world: World, host: str, address: str, role: str = "reception") -> ReceiptClient:
    """A terminal's client that has asked for the engine's address before and needs no DNS."""
    machine, client = world.machines[role], world.client(role, host)
    return dataclasses.replace(client, connect=lambda _, port: machine.connect(address, port, LIMIT))


@contextmanager
def waiting_client(world: World, host: str, address: str) -> Iterator[ssl.SSLSocket]:
    """A client that has asked the engine at `address` and waits for its answer, without a time-out of its own."""
    client = client_at(world, host, address)
    with client.connect(host, client.port) as tcp, client.tls().wrap_socket(tcp, server_hostname=host) as tls:
        # The engine waits for the rest of the question, and so both of them are silent.
        tls.sendall(f"POST {receipt.API_PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n".encode())
        yield tls


def light(world: World, name: str) -> dict[str, Any]:
    """One of the five lights, as ``sekisho status --json`` tells it."""
    found: dict[str, Any] = next(light for light in observe.status(world)["lights"] if light["name"] == name)
    return found


def causes(world: World) -> list[str]:
    """Every cause on the board, those of the lights' parts included."""
    lights = observe.status(world)["lights"]
    return [each["cause"] for light in lights for each in (light, *light["parts"])]


def await_cause(world: World, cause: str, limit: float = 90.0) -> None:
    """Return when a light, or a part of one, names `cause`."""
    until(lambda: cause in causes(world), f"a light with the cause {cause}", limit, pause=0.25)


def metric(world: World, series: str) -> float:
    """The value of one series, written as in the exposition, of the router's metrics."""
    text = world.router.sekisho("metrics").stdout
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    if found is None:
        raise KeyError(series)
    return float(found[1])


def processes(machine: Machine, *words: str) -> dict[int, str]:
    """Command lines by process number, as the machine sees them; with `words` only those that hold one of them."""
    listed = (line.split(None, 1) for line in machine.run("ps", "-ewwo", "pid=,args=").stdout.splitlines())
    return {int(pid): args for pid, args in listed if not words or any(word in args for word in words)}
