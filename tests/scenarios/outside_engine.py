"""A receipt engine on the internet, under the engines' names, and a clinic that is led there without tunnels."""

from __future__ import annotations

from tests.lab import addresses, observe
from tests.lab.enginehost import EngineHost
from tests.lab.pki import EngineCertificate
from tests.lab.world import World

_PLACES = (addresses.OUTSIDE_RECEIPT, addresses.OUTSIDE_RECEIPT_GATE)
OUTSIDE = tuple(str(place.ip) for place in _PLACES)
"""Its address for each of `steps.MODES`."""


def place(world: World) -> EngineHost:
    machine = world.add("outside-engine", {"eth0": "internet"})
    machine.ip("".join(f"address add {own} dev eth0\n" for own in _PLACES))
    host = EngineHost(machine, [own.ip for own in _PLACES], world.pki)
    host.show(EngineCertificate.GOOD)
    host.wait_until_serving()
    return host


def begin_without_tunnels(world: World) -> World:
    """The clinic at work; the engine is placed already."""
    world.account = world.desk.issue(())
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    return world
