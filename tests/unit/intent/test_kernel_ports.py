"""A MAP-E line's ports on the real kernel, for the firewall alone: a cable is the softwire, and the router itself asks.

What it may ask for out there is names: DNS by TCP, of the line's resolvers.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.intent import names
from appliance.intent.compile import compile
from appliance.kernel.nft import render
from appliance.kernel.nft.fast_path import fitting
from tests.builders import lab_account, lab_site
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.wires import Cabinet
from tests.unit.intent.clinic import add_users, outcome
from tests.unit.intent.test_golden import MAP_E, compiled

pytestmark = pytest.mark.namespaces

INTENT = compiled("map-e")
[SOFTWIRE] = INTENT.softwires
RESOLVERS = ("198.51.100.53", "198.51.100.54")


def own_ports() -> set[int]:
    assert SOFTWIRE.share is not None
    return {port for block in SOFTWIRE.share.blocks for port in range(block.first, block.last + 1)}


@pytest.fixture
def router(tmp_path: Path) -> Iterator[Machine]:
    with contextlib.ExitStack() as stack:
        cabinet = Cabinet(tmp_path / "cabinet")
        stack.callback(cabinet.close)
        router, line = (stack.enter_context(Machine(name, tmp_path / name)) for name in ("router", "line"))
        cabinet.plug(router, SOFTWIRE.interface, "line")
        cabinet.plug(line, "eth0", "line")
        line.ip("".join(f"addr add {address}/24 dev eth0\n" for address in RESOLVERS))
        add_users(router)
        router.run("nft", "-f", "-", input=render(fitting(INTENT.firewall, (), offloads=False)))
        router.run("nft", "add", "element", "inet", names.TABLE, names.WAN_RESOLVERS, f"{{ {', '.join(RESOLVERS)} }}")
        for key, value in INTENT.sysctls:
            if key.startswith("net/netfilter/"):
                router.write(Path("/proc/sys", key), value)
        [own] = (item.address for item in INTENT.addresses if item.interface == SOFTWIRE.interface)
        router.ip(f"addr add {own} dev {SOFTWIRE.interface}\nroute add 198.51.100.0/24 dev {SOFTWIRE.interface}\n")
        stack.enter_context(_serving(line, RESOLVERS[0]))
        stack.enter_context(_serving(line, RESOLVERS[1]))
        yield router


@contextlib.contextmanager
def _serving(machine: Machine, address: str) -> Iterator[None]:
    """Tells each who connects the port that he is seen with, and waits for him to end it."""
    listener = machine.socket()
    listener.bind((address, 53))
    listener.listen(512)

    def answer(connection: socket.socket, port: int) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(port.to_bytes(2, "big"))
            connection.recv(1)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, (_, port) = listener.accept()
                threading.Thread(target=answer, args=(connection, port), daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def _ask(router: Machine, resolver: str = RESOLVERS[0], timeout: float = 0.9) -> tuple[socket.socket, int]:
    """A connection, made within `timeout` seconds, and the port that the other side sees."""
    connection = router.connect(resolver, 53, timeout)
    connection.settimeout(10.0)
    return connection, int.from_bytes(connection.recv(2), "big")


def _ask_when_free(router: Machine) -> tuple[socket.socket, int]:
    """As soon as one of those that were closed has ended at its far end too; until then it is refused.

    A first packet that overtakes the last one of the connection before it asks again, after one second, two, four …: on
    a busy machine it is given up and begun anew.
    """
    found: list[tuple[socket.socket, int]] = []

    def tried() -> bool:
        with contextlib.suppress(ConnectionRefusedError, TimeoutError):
            found.append(_ask(router, timeout=3.5))
        return bool(found)

    until(tried, "a port is given back")
    return found[0]


def test_own_ports_are_used_alike(router: Machine) -> None:
    """A lost first packet would come again after a second: every connection here stands before that."""
    blocks = len({port >> 12 for port in own_ports()})
    held = [_ask(router) for _ in range(2 * blocks)]
    assert Counter(port >> 12 for _, port in held) == Counter({port >> 12: 2 for port in own_ports()})
    held += [_ask(router) for _ in range(len(own_ports()) - len(held))]
    assert {port for _, port in held} == own_ports()
    assert set(Counter(port >> 12 for _, port in held).values()) == {16}
    assert outcome(router, RESOLVERS[0], 53) == "refused"
    other, port = _ask(router, RESOLVERS[1])
    assert port in own_ports()
    for third in range(3):
        for connection, _ in held[third::3]:
            connection.close()
        held[third::3] = [_ask_when_free(router) for _ in held[third::3]]
        assert {port for _, port in held} == own_ports()
    assert outcome(router, RESOLVERS[0], 53) == "refused"
    for connection, _ in held:
        connection.close()
    other.close()


def test_before_the_line_has_said_what_is_ours_nothing_leaves(router: Machine) -> None:
    table = fitting(compile(lab_account(), lab_site(wan=MAP_E)).firewall, (), offloads=False)
    router.run("nft", "-f", "-", input=f"delete table inet {names.TABLE}\n{render(table)}")
    router.run("nft", "add", "element", "inet", names.TABLE, names.WAN_RESOLVERS, f"{{ {', '.join(RESOLVERS)} }}")
    assert outcome(router, RESOLVERS[0], 53, patience=0.7) == "silence"
    listing = router.run("nft", "list", "counter", "inet", names.TABLE, names.STOPPED_PORTS).stdout
    assert "packets 0 " not in listing
