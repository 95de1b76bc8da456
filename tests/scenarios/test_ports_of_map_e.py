"""A terminal uses all ports of a MAP-E line, all blocks alike; with the last taken it is told at once. Echoes too."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Sequence

import pytest

from tests.lab import addresses, observe
from tests.lab.client import seconds_to_refusal
from tests.lab.lines import AccessLine
from tests.lab.lines.map_e import BR, MapELine, ports, strangers
from tests.lab.machine import Machine
from tests.lab.router import site
from tests.lab.waiting import until
from tests.lab.wires import Capture
from tests.lab.world import World
from tests.scenarios.steps import MODES

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

LINE = MapELine()
RECEPTION = f'address = "{addresses.TERMINALS["reception"].address.ip}"\n'
WEB = str(addresses.PUBLIC_WEB.ip)
PORT, OTHER = 8000, 8001
"""Two services of one machine out there."""


@pytest.fixture
def lines() -> Sequence[AccessLine]:
    return (LINE,)


def test_ports_of_map_e(world: World) -> None:
    settings = site([LINE]).replace(RECEPTION, f"{RECEPTION}internet_minutes = 60\n")
    world.router.configure(world.desk.public_keys.read_text(), settings)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    world.router.sekisho("terminal", "internet", "reception")
    reception = world.machines["reception"]
    outside = Capture(world.machines[BR], "internet", f"host {addresses.MAP_E_ADDRESS}")
    with Server(world.machines["internet"], PORT) as server, Server(world.machines["internet"], OTHER) as other:
        with contextlib.ExitStack() as held:
            for _ in ports():
                held.enter_context(reception.connect(WEB, PORT))
            until(lambda: len(server.ports()) == len(ports()), "every connection has arrived")
            used = Counter(port >> 12 for port in server.ports())
            assert server.ports() == ports()
            assert set(used.values()) == {16}
            seconds_to_refusal(reception, WEB, PORT)
            # They are in use towards one service; another one sees them again.
            held.enter_context(reception.connect(WEB, OTHER))
            until(lambda: len(other.ports()) == 1, "it has arrived")
            assert other.ports() <= ports()
            # A tunnel has its own destination, and carries on.
            world.client("doctor").login()
        # What has ended gives its port back, whichever block it was of.
        open_ones = [reception.connect(WEB, PORT) for _ in ports()]
        for round_ in range(3):
            for connection in open_ones[round_::3]:
                connection.close()
            open_ones[round_::3] = [connected(reception) for _ in open_ones[round_::3]]
        for connection in open_ones:
            connection.close()
    echoes(reception)
    for host in MODES:
        world.client("doctor", host).login()
    outside.stop()
    assert strangers(world.machines[BR]) == 0
    assert outside.lines()
    assert {port for line in outside.lines() if (port := sender_port(line))} <= ports()


def connected(terminal: Machine) -> socket.socket:
    """A connection, as soon as one of those that were closed has ended at its far end too; until then it is refused."""
    found: list[socket.socket] = []

    def tried() -> bool:
        with contextlib.suppress(ConnectionRefusedError):
            found.append(terminal.connect(WEB, PORT))
        return bool(found)

    until(tried, "a port is given back")
    return found[0]


def echoes(terminal: Machine) -> None:
    """240 pings at once, each an echo with an identifier of its own; one more is answered at once with a refusal."""
    with contextlib.ExitStack() as held:
        for identifier in range(1, len(ports()) + 1):
            ping = held.enter_context(terminal.inside(raw))
            ping.settimeout(5)
            assert answer(ping, identifier) == ECHO_REPLY
        assert answer(ping, len(ports()) + 1) == UNREACHABLE


ECHO_REPLY, UNREACHABLE = 0, 3
"""ICMP types."""


def raw() -> socket.socket:
    return socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)


def answer(ping: socket.socket, identifier: int) -> int:
    """The type of what comes back for one echo request."""
    head = bytes([8, 0, 0, 0]) + identifier.to_bytes(2, "big") + b"\0\1"
    ping.sendto(head[:2] + checksum(head) + head[4:], (WEB, 0))
    while True:
        message = ping.recv(200)[20:]
        about = message if message[0] == ECHO_REPLY else message[8 + 20 :]
        if about[4:6] == identifier.to_bytes(2, "big"):
            return message[0]


def checksum(data: bytes) -> bytes:
    total = sum(int.from_bytes(data[at : at + 2], "big") for at in range(0, len(data), 2))
    return (~((total & 0xFFFF) + (total >> 16)) & 0xFFFF).to_bytes(2, "big")


def sender_port(line: str) -> int | None:
    """Of a line of tcpdump about TCP or UDP that tells what our address sent."""
    words = line.split()
    source = next((word for word in words if word.startswith(f"{addresses.MAP_E_ADDRESS}.")), None)
    if source is None or words[words.index(source) + 1] != ">":
        return None
    return int(source.rpartition(".")[2])


class Server:
    """Takes connections on one port of the internet's web server and keeps them until the other side ends them."""

    def __init__(self, machine: Machine, port: int) -> None:
        self._socket = machine.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind((WEB, port))
        self._socket.listen(512)
        self._ports: list[int] = []
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, (_, port) = self._socket.accept()
                self._ports.append(port)
                threading.Thread(target=_hold, args=(connection,), daemon=True).start()

    def ports(self) -> set[int]:
        """Of the other side, as seen here."""
        return set(self._ports)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _hold(connection: socket.socket) -> None:
    with connection, contextlib.suppress(OSError):
        connection.recv(1)
