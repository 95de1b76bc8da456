"""The emulated router's clinic, of the lab's world: its cables, and what is seen of the router from its notebooks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.image.emulated import KEYS, Emulated
from tests.image.visitor import Visitor
from tests.lab import addresses, terminal
from tests.lab.filesystem import temporary_directory
from tests.lab.machine import Machine
from tests.lab.world import BEYOND_THE_LINE, World

WAN, LAN = "emulated-wan", "emulated-lan"
"""The router's ports, as interfaces of the world's cabinet."""
NAME = "sekisho.lan"
PASSWORD = "kaminari-yane-tokei"
LONG = 600.0
"""Seconds."""


@contextmanager
def clinic() -> Iterator[World]:
    """The data centers, the line, two terminals; the clinic's account is issued by the desk that the image trusts."""
    with temporary_directory() as directory, World(Path(directory), (*BEYOND_THE_LINE, "reception", "doctor")) as world:
        world.issue_account(KEYS / "desk.key")
        yield world


@contextmanager
def cards(world: World) -> Iterator[list[int]]:
    """The router's cables, for `Emulated`: they are there as long as the ``with`` block."""
    descriptors = [world.cabinet.tap(WAN, "line"), world.cabinet.tap(LAN, "lan")]
    try:
        yield descriptors
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def router_seen_by(notebook: Machine) -> str:
    """The address that its DHCP server gave as that of the DNS server, which is the router; empty without."""
    found = re.search(r"^nameserver (\S+)", notebook.read("/etc/resolv.conf"), re.MULTILINE)
    return found[1] if found else ""


def page_seen_by(notebook: Machine, path: str = "/") -> str:
    """The router's page; empty as long as it does not come."""
    router = router_seen_by(notebook)
    try:
        return Visitor(notebook, router, NAME).open(path).page if router else ""
    except (OSError, ValueError):
        return ""


def await_page(machine: Emulated, notebook: Machine, word: str, limit: float = LONG, path: str = "/lights") -> str:
    """The page's lights, or what there is at `path`, as soon as it says so. limit: seconds."""
    seen: list[str] = []

    def there() -> bool:
        seen.append(page_seen_by(notebook, path))
        return word in seen[-1]

    machine.await_condition(there, word, limit)
    return seen[-1]


def is_green(notebook: Machine) -> bool:
    """Whether the status page says so."""
    return '<section id="headline" class="ok"' in page_seen_by(notebook, "/lights")


def lease_reception(world: World) -> None:
    """The other terminal comes on."""
    reception = world.machines["reception"]
    terminal.start_client(reception)
    terminal.wait_for_lease(reception, addresses.TERMINALS["reception"], LONG)
