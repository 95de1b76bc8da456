"""The emulated router in a clinic of the lab's world: cabled, made at the factory, set up by a vendor's notebook."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from tests.image.emulated import KEYS, Emulated
from tests.image.stick import Stick
from tests.image.visitor import Visitor
from tests.lab import addresses, terminal
from tests.lab.filesystem import temporary_directory
from tests.lab.machine import Machine
from tests.lab.world import BEYOND_THE_LINE, World

WAN, LAN = "emulated-wan", "emulated-lan"
"""The router's ports, as interfaces of the world's cabinet."""
NAME = "sekisho.lan"
PASSWORD = "kaminari-yane-tokei"
FACTORY = "sekisho-factory.toml"
ACCOUNT = "clinic-0001.sekisho-account"
"""What the two kinds of sticks have at their top."""
LONG = 600.0
_UNANSWERED = 20.0
"""Seconds, both."""


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


def await_page(machine: Emulated, notebook: Machine, word: str, limit: float = LONG) -> str:
    """The page's lights, as soon as they say so. limit: seconds."""
    seen: list[str] = []

    def there() -> bool:
        seen.append(page_seen_by(notebook, "/lights"))
        return word in seen[-1]

    machine.await_condition(there, word, limit)
    return seen[-1]


def is_green(notebook: Machine) -> bool:
    """Whether the status page says so."""
    return '<section id="headline" class="ok"' in page_seen_by(notebook, "/lights")


def label(machine: Emulated, stick: Stick) -> str:
    """The print on the label that the factory's stick has got, once it is there."""

    def pdf() -> bytes:
        # Looked at while it is written, a stick may be in between two states.
        with suppress(subprocess.CalledProcessError, StopIteration):
            return stick.read(next(name for name in stick.names() if re.fullmatch(r"label-.+\.pdf", name)))
        return b""

    machine.await_condition(lambda: b"%%EOF" in pdf(), "the label on the factory's stick", LONG)
    command = ["pdftotext", "-layout", "-", "-"]
    return subprocess.run(command, input=pdf(), capture_output=True, check=True, timeout=60).stdout.decode()


def first_password(label: str) -> str:
    """Of a label's print."""
    found = re.search(r"First password\s+(\S+)", label)
    assert found, label
    return found[1]


def set_up(world: World, machine: Emulated, notebook: Machine, first_password: str, account: str) -> None:
    """By the wizard, as a vendor does it, to the end of the trial; green then. account: file's name on its stick."""
    machine.await_condition(lambda: page_seen_by(notebook), "the page of a fresh router", LONG)
    visitor = Visitor(notebook, router_seen_by(notebook), NAME)
    visitor.open("/setup/")
    visitor.send("/login", {"name": "vendor", "password": first_password})
    visitor.send("/account/password", {"old": first_password, "new": PASSWORD, "again": PASSWORD})
    assert visitor.path == "/setup/account", visitor.path
    machine.await_condition(lambda: account in visitor.open("/setup/account").page, "the account's stick", LONG)
    visitor.send("/setup/account", {"code": world.account.code})
    visitor.send("/setup/wan", {"kind": "dhcp"})
    first, last = str(addresses.DHCP_FIRST), str(addresses.DHCP_LAST)
    visitor.send("/setup/lan", {"address": str(addresses.ROUTER_LAN), "dhcp": "on", "first": first, "last": last})
    rows: dict[str, str] = {}
    for number, (name, place) in enumerate(addresses.TERMINALS.items()):
        typed = {"label": name, "name": name, "mac": place.mac, "address": str(place.address.ip)}
        rows |= {f"{field}-{number}": value for field, value in typed.items()}
    visitor.send("/setup/terminals", rows)
    visitor.open("/setup/try")
    # The way to the notebook changes before the answer is there.
    with suppress(OSError):
        visitor.send("/setup/try", {"minutes": "20"}, _UNANSWERED)

    place = addresses.TERMINALS[notebook.name]
    cable = world.links[notebook.name, terminal.INTERFACE]
    cable.unplug()
    cable.replug()
    terminal.wait_for_lease(notebook, place, LONG)
    machine.await_condition(lambda: is_green(notebook), "green lights on trial", LONG)
    visitor = Visitor(notebook, str(addresses.ROUTER_LAN.ip))
    visitor.open("/setup/try")
    visitor.send("/login", {"name": "vendor", "password": PASSWORD})
    visitor.send("/setup/confirm", {})
    assert visitor.path == "/setup/report", visitor.path


@contextmanager
def a_clinic_router(world: World, name: str, clock: datetime | None = None) -> Iterator[Emulated]:
    """A router from its box that has just been set up: green, nobody has switched it off since.

    clock: see `Emulated`.
    """
    notebook = world.machines["doctor"]
    factory = Stick(world.directory / "factory.raw", {FACTORY: b""})
    delivered = Stick(world.directory / "delivered.raw", {ACCOUNT: world.account.file.read_bytes()})
    with cards(world) as plugged, Emulated(name, plugged, sticks=[factory], clock=clock) as machine:
        terminal.start_client(notebook)
        password = first_password(label(machine, factory))
        machine.pull_out(factory)
        machine.plug_in(delivered)
        set_up(world, machine, notebook, password, ACCOUNT)
        machine.pull_out(delivered)
        yield machine


def lease_reception(world: World) -> None:
    """The other terminal comes on."""
    reception = world.machines["reception"]
    terminal.start_client(reception)
    terminal.wait_for_lease(reception, addresses.TERMINALS["reception"], LONG)
