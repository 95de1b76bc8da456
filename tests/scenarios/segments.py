"""A clinic with more networks than one: what the scenarios about them share."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from tests.lab.client import LIMIT, Dialer, ReceiptClient
from tests.lab.machine import Machine
from tests.lab.router import SITE
from tests.lab.world import World

IMAGING_ROUTER, SCANNER = "192.0.2.129", "192.0.2.130"
GUESTS_ROUTER = "192.0.2.145"
PORT = 104


def configure(world: World, settings: str, lan: str = "") -> None:
    """The lab's settings with `settings` below them, and `lan` among the LAN's."""
    site = SITE.replace('name = "sekisho"\n', f'name = "sekisho"\n{lan}', 1)
    world.router.configure(world.desk.public_keys.read_text(), f"{site}\n{settings}")


def terminal(name: str, mac: str, address: str) -> str:
    return f'[[terminals]]\nname = "{name}"\nlabel = "{name}"\nmac = "{mac}"\naddress = "{address}"\n'


def stand(machine: Machine, interface: str, address: str, router: str) -> None:
    """Type in the machine's address, its router and its DNS server."""
    machine.ip(f"address add {address} dev {interface}\nroute add default via {router}\n")
    machine.write("/etc/resolv.conf", f"nameserver {router}\n")


def client_on(world: World, machine: Machine, host: str) -> ReceiptClient:
    """The receipt client, on a machine of its own, by the names that the router tells it."""
    return dataclasses.replace(world.client("reception", host), connect=Dialer(machine))


@contextmanager
def serving(machine: Machine, address: str, port: int = PORT) -> Iterator[None]:
    """Something that can be connected to."""
    with machine.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        server.listen()
        yield


def reaches(machine: Machine, address: str, port: int = PORT) -> bool:
    """False: refused at once; silence is an error."""
    try:
        machine.connect(address, port, LIMIT).close()
    except TimeoutError:
        raise
    except OSError:
        return False
    return True
