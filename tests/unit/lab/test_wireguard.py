"""The stand-in for the kernel's WireGuard on a concentrator."""

from __future__ import annotations

import socket

from tests.lab import wireguard
from tests.lab.machine import Machine


def test_who_asks_too_early_takes_nothing_away(machine: Machine) -> None:
    machine.run("mkdir", "-p", "/var/run/wireguard")
    with machine.socket(socket.AF_UNIX) as daemon:
        machine.inside(lambda: daemon.bind("/var/run/wireguard/wg0.sock"))
        assert not wireguard.answers(machine, "wg0")
        machine.inside(lambda: daemon.listen())
        assert wireguard.answers(machine, "wg0")
