"""Remote maintenance: only whom the clinic has let in, to nothing else, for no longer, and all of it is on record."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from secrets import token_bytes
from types import TracebackType
from typing import Any, Self

import pytest

from appliance.intent.names import FIRST_MAINTENANCE_PORT, MAINTENANCE_PORTS
from appliance.intent.services import lasting_ports
from tests.lab import addresses, observe
from tests.lab.machine import Machine
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import light

pytestmark = [pytest.mark.namespaces, pytest.mark.long]

SSH, RDP, VNC = 22, 3389, 5900
SETTINGS = """
[[maintenance]]
terminal = "reception"
services = ["vnc", "rdp"]
minutes = 1
"""
OUTER, RDP_OUTER = lasting_ports(
    (f"reception:{VNC}", f"reception:{RDP}"), FIRST_MAINTENANCE_PORT, MAINTENANCE_PORTS
).values()
SILENCE = 1.5
"""Seconds without an answer."""


def test_maintenance_is_by_consent(world: World) -> None:
    world.router.configure(world.desk.public_keys.read_text(), SITE + SETTINGS)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    with _Service(world.machines["reception"], VNC) as service, _Service(world.machines["reception"], SSH):
        until(lambda: light(world, "maintenance")["cause"] == "maintenance.closed", "the light shows it")
        _is_closed(world)
        assert world.router.sekisho("maintenance", "allow", "doctor", check=False).returncode == 1
        assert world.router.sekisho("maintenance", "allow", "reception", "--minutes", "2", check=False).returncode == 1

        world.router.sekisho("maintenance", "allow", "reception")
        assert f"{addresses.CLINIC_INNER}:{OUTER}" in world.router.sekisho("maintenance", "show").stdout
        with _connect(world) as session:
            assert _speaks(session)
            until(lambda: light(world, "maintenance")["cause"] == "maintenance.in-use", "the light tells it")
            _nobody_else_and_nothing_else(world)
            world.stop_concentrator(1)
            until(lambda: _speaks(session), "it goes on by the other tunnel")
            # Nobody says a word: the end must come to who waits.
            world.router.sekisho("maintenance", "end")
            until(lambda: service.lost == 1, "the terminal knows that it is over")
            assert not _speaks(session)
        _is_closed(world)
        until(lambda: _recorded(world)[-1]["action"] == "maintenance.disconnected", "the end is on record", pause=0.5)
        connected = next(entry for entry in _recorded(world) if entry["action"] == "maintenance.connected")
        assert connected["subject"]["from"].startswith(f"{addresses.MAINTAINER.ip}:")
        wanted = {"terminal": "reception", "maintainer": "vendor", "port": VNC}
        assert wanted.items() <= connected["subject"].items()

        world.start_concentrator(1)
        observe.await_green(world)
        world.router.sekisho("maintenance", "allow", "reception")
        with _connect(world) as session:
            assert _speaks(session)
            world.router.machine.write("/etc/sekisho/site.toml", SITE, 0o600)
            world.router.apply()
            until(lambda: service.lost == 2, "settings without it end it")
            assert not _speaks(session)
        assert [entry["action"] for entry in _recorded(world)][-2:] == ["maintenance.disconnected", "maintenance.over"]
        world.router.machine.write("/etc/sekisho/site.toml", SITE + SETTINGS, 0o600)
        world.router.apply()

        world.router.sekisho("maintenance", "allow", "reception")
        with _connect(world) as session:
            assert _speaks(session)
            world.kill_appliance()
            until(lambda: not _speaks(session), "the kernel's time is up", limit=90)
        world.router.run()
        observe.await_green(world)
        _is_closed(world)


class _Service:
    """Answers what it hears, on a machine's TCP port. lost: connections that broke."""

    def __init__(self, machine: Machine, port: int) -> None:
        self._listener = machine.socket()
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("", port))
        self._listener.listen()
        self._accepted: list[socket.socket] = []
        self.lost = 0

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for one in (self._listener, *self._accepted):
            # Wakes the thread that waits on it.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._accepted.append(connection)
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            while heard := connection.recv(100):
                connection.sendall(heard)
        except OSError:
            self.lost += 1


def _connect(world: World, port: int = OUTER, source: str = str(addresses.MAINTAINER.ip)) -> socket.socket:
    connection = world.machines["core"].socket()
    try:
        connection.bind((source, 0))
        connection.settimeout(SILENCE)
        connection.connect((str(addresses.CLINIC_INNER), port))
    except BaseException:
        connection.close()
        raise
    return connection


def _speaks(session: socket.socket) -> bool:
    """Whether what is said now is answered; what was said before may be answered with it."""
    word = token_bytes(8)
    heard = b""
    try:
        session.sendall(word)
        while not heard.endswith(word):
            heard += (more := session.recv(100))
            if not more:
                return False
    except OSError:
        return False
    return True


def _is_closed(world: World) -> None:
    """Without a word: whoever asks in the data center learns nothing, not even that there is somebody."""
    with pytest.raises(TimeoutError):
        _connect(world)


def _nobody_else_and_nothing_else(world: World) -> None:
    with pytest.raises(TimeoutError):
        _connect(world, source=str(addresses.MONITORING.ip))
    for port in (SSH, VNC, RDP_OUTER, 443):
        with pytest.raises((TimeoutError, ConnectionRefusedError)):
            _connect(world, port)


def _recorded(world: World) -> list[dict[str, Any]]:
    """What is on record about maintenance, oldest first."""
    told = json.loads(world.router.sekisho("audit", "list", "--json").stdout)["entries"]
    return sorted(
        (entry for entry in told if entry["action"].startswith("maintenance.")), key=lambda entry: entry["number"]
    )
