"""What several scenarios do or look at."""

from __future__ import annotations

import dataclasses
import errno
import json
import re
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import pytest

from appliance.intent import names
from appliance.intent.services import gate_ports
from tests.lab import addresses, observe, receipt
from tests.lab.client import LIMIT, ReceiptClient
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.world import World

GATE_PORT = gate_ports(["receipt-gate"])["receipt-gate"]
"""The gate's own port for the service that it terminates, where nobody may come but by way of the engine's address."""

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
def waiting_client(world: World, host: str, address: str, role: str = "reception") -> Iterator[ssl.SSLSocket]:
    """A client that has asked the engine at `address` and waits for its answer, without a time-out of its own.

    The engine has one: it closes what it has waited for in vain (`engine.IDLE_SECONDS`).
    """
    client = client_at(world, host, address, role)
    with client.connect(host, client.port) as tcp, client.tls().wrap_socket(tcp, server_hostname=host) as tls:
        # The engine waits for the rest of the question, and so both of them are silent.
        tls.sendall(f"POST {receipt.API_PATH} HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\n".encode())
        yield tls


def assert_refused(client: ReceiptClient) -> None:
    """A log-in is refused, at whatever moment, but not by silence."""
    with pytest.raises(OSError) as refused:
        client.login()
    assert not isinstance(refused.value, TimeoutError)


def await_reset(connection: socket.socket, limit: float = 90.0) -> None:
    """Return when the far end, or somebody in its name, resets the connection; AssertionError for any other end."""
    readable, _, _ = select.select([connection], [], [], limit)
    if not readable:
        raise TimeoutError("the connection hangs")
    error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    assert error == errno.ECONNRESET, (
        f"it was not reset: {errno.errorcode.get(error, 'the far end spoke, or closed it')}"
    )


def light(world: World, name: str) -> dict[str, Any]:
    """One of the five lights, as ``sekisho status --json`` tells it."""
    found: dict[str, Any] = next(light for light in observe.status(world)["lights"] if light["name"] == name)
    return found


def await_light(world: World, name: str, cause: str, limit: float = 90.0) -> dict[str, Any]:
    """The light, once it shows `cause`."""
    until(lambda: light(world, name)["cause"] == cause, f"the light {name} shows {cause}", limit, pause=0.25)
    return light(world, name)


def await_services(world: World, cause: str, limit: float = 90.0) -> dict[str, Any]:
    """The engine's light, once it shows `cause` for each of the services."""
    until(
        lambda: {part["cause"] for part in light(world, "engine")["parts"]} == {cause},
        f"every service shows {cause}",
        limit,
        pause=0.25,
    )
    return light(world, "engine")


def await_trial(world: World, phase: str | None, limit: float = 90.0) -> None:
    """Return when the change on trial is in this phase; None: when there is no trial any more."""

    def reached() -> bool:
        trial = observe.status(world)["trial"]
        return bool((trial["phase"] if trial else None) == phase)

    until(reached, f"the trial is {phase or 'over'}", limit, pause=0.25)


def history(world: World) -> list[dict[str, Any]]:
    """The versions of the router's settings, newest first."""
    versions: list[dict[str, Any]] = json.loads(world.router.sekisho("site", "history", "--json").stdout)["versions"]
    return versions


def metric(world: World, series: str) -> float:
    """The value of one series, written as in the exposition, of the router's metrics."""
    text = world.router.ask("metrics")["text"]
    found = re.search(rf"^{re.escape(series)} (\S+)$", text, re.MULTILINE)
    if found is None:
        raise KeyError(series)
    return float(found[1])


def firewall_counter(world: World, name: str) -> int:
    """Packets that a named counter of the firewall has seen."""
    listed = world.machines["router"].run("nft", "--json", "list", "counter", "inet", "sekisho", name).stdout
    return int(next(entry["counter"]["packets"] for entry in json.loads(listed)["nftables"] if "counter" in entry))


def has_proofs(world: World) -> bool:
    """Whether the kernel lets anybody reach an engine."""
    router = world.machines["router"]
    listed = (
        router.run("nft", "list", "set", "inet", names.TABLE, name).stdout
        for name in (names.ENGINE_VERIFIED, names.GATE_VERIFIED)
    )
    return any("elements" in text for text in listed)


def uses(world: World, tunnel: str, line: str) -> bool:
    """Whether the tunnel goes by the line, as monitoring sees it."""
    try:
        return metric(world, f'sekisho_tunnel_line{{line="{line}",tunnel="{tunnel}"}}') == 1
    except KeyError:
        return False


def own_addresses6(world: World, port: str = "wan0") -> list[str]:
    """The router's IPv6 addresses on a line, those of the wire alone (link-local) left out."""
    shown = json.loads(world.machines["router"].run("ip", "-6", "-json", "address", "show", "dev", port).stdout)
    return [info["local"] for entry in shown for info in entry.get("addr_info", []) if info["scope"] == "global"]


def processes(machine: Machine, *words: str) -> dict[int, str]:
    """Command lines by process number, as the machine sees them; with `words` only those that hold one of them."""
    listed = (line.split(None, 1) for line in machine.run("ps", "-ewwo", "pid=,args=").stdout.splitlines())
    return {int(pid): args for pid, args in listed if not words or any(word in args for word in words)}


class Steadily:
    """Does something again and again while the ``with`` block runs, and raises the first failure at its end."""

    def __init__(self, *actions: Callable[[], object]) -> None:
        self._over = threading.Event()
        self._failures: list[Exception] = []
        self._threads = [threading.Thread(target=self._repeat, args=(action,)) for action in actions]

    def _repeat(self, action: Callable[[], object]) -> None:
        while not self._over.wait(0.05):
            try:
                action()
            except Exception as error:  # whatever it is: the scenario shall end with it
                self._failures.append(error)
                return

    def check(self) -> None:
        """Raises the first failure now: while it is known what has just happened."""
        if self._failures:
            raise self._failures[0]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()
        if error is None:
            self.check()
