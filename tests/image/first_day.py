"""A router's first day: manufactured, unpacked in a clinic, set up by a vendor's notebook from a stick in it; green."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from tests.image.clinic import LONG, NAME, PASSWORD, WAN, await_page, cards, is_green, router_seen_by
from tests.image.emulated import Emulated
from tests.image.stick import Stick
from tests.image.visitor import Visitor
from tests.lab import addresses, page, terminal
from tests.lab.machine import Machine
from tests.lab.wires import Capture
from tests.lab.world import World

_FACTORY = "sekisho-factory.toml"
_ACCOUNT = "clinic-0001.sekisho-account"
"""What the two kinds of sticks have at their top."""
_UNANSWERED = 20.0
"""Seconds."""
TPM_CREATE = 0x153
"""TPM2_Create, by which a secret goes into its keeping."""


@dataclass(frozen=True, slots=True)
class FirstDay:
    """names: of the files on the factory's stick. printed: on the label that is one of them.

    page: before anybody has set the router up, and where it `leads` a browser that asks without TLS. said: by the
    console until then; frames: the router's on the line until then, as tcpdump prints them; sealed: how much a TPM has
    sealed until then.
    """

    names: tuple[str, ...]
    printed: str
    page: str
    leads: str | None
    said: str
    frames: tuple[str, ...]
    sealed: int


@contextmanager
def a_clinic_router(
    world: World, name: str, clock: datetime | None = None, *, tpm: bool = False
) -> Iterator[tuple[Emulated, FirstDay]]:
    """At the end of its first day, nobody has switched it off since.

    clock, tpm: see `Emulated`.
    """
    notebook = world.machines["doctor"]
    factory = Stick(world.directory / "factory.raw", {_FACTORY: b""})
    delivered = Stick(world.directory / "delivered.raw", {_ACCOUNT: world.account.file.read_bytes()})
    with cards(world) as plugged, Emulated(name, plugged, sticks=[factory], clock=clock, tpm=tpm) as machine:
        line = Capture(world.cabinet.machine, WAN, f"ether src {addresses.ROUTER_WAN_MAC}")
        terminal.start_client(notebook)
        printed = _label(machine, factory)
        machine.pull_out(factory)
        machine.await_word(" is running after ")
        fresh = await_page(machine, notebook, "接続アカウント", path="/")
        leads = page.get(notebook, router_seen_by(notebook), host=NAME).headers["Location"]
        line.stop()
        unpacked = (fresh, leads, machine.said(), tuple(line.lines()), machine.tpm_was_asked(TPM_CREATE))
        machine.plug_in(delivered)
        _set_up(world, machine, notebook, _first_password(printed))
        machine.pull_out(delivered)
        yield machine, FirstDay(tuple(factory.names()), printed, *unpacked)


def _label(machine: Emulated, stick: Stick) -> str:
    """The print on the label that the factory's stick has got, once it is there."""

    def pdf() -> bytes:
        # Looked at while it is written, a stick may be in between two states.
        with suppress(subprocess.CalledProcessError, StopIteration):
            return stick.read(next(name for name in stick.names() if re.fullmatch(r"label-.+\.pdf", name)))
        return b""

    machine.await_condition(lambda: b"%%EOF" in pdf(), "the label on the factory's stick", LONG)
    command = ["pdftotext", "-layout", "-", "-"]
    return subprocess.run(command, input=pdf(), capture_output=True, check=True, timeout=60).stdout.decode()


def _first_password(label: str) -> str:
    """Of a label's print."""
    found = re.search(r"First password\s+(\S+)", label)
    assert found, label
    return found[1]


def _set_up(world: World, machine: Emulated, notebook: Machine, first_password: str) -> None:
    """By the wizard, as a vendor does it, to the end of the trial; green then."""
    visitor = Visitor(notebook, router_seen_by(notebook), NAME)
    visitor.open("/setup/")
    visitor.send("/login", {"name": "vendor", "password": first_password})
    visitor.send("/account/password", {"old": first_password, "new": PASSWORD, "again": PASSWORD})
    assert visitor.path == "/setup/account", visitor.path
    machine.await_condition(lambda: _ACCOUNT in visitor.open("/setup/account").page, "the account's stick", LONG)
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
