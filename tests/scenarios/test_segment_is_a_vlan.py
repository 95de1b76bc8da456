"""A segment is a VLAN on the LAN's own cable: its terminal works, and the two do not hear each other."""

from __future__ import annotations

import pytest

from tests.lab import addresses, observe
from tests.lab.world import World
from tests.scenarios import segments
from tests.scenarios.segments import IMAGING_ROUTER, SCANNER, reaches, serving
from tests.scenarios.steps import MODES

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

UNPROVEN = "203.0.113.19"
"""Beside the engines. Whatever refuses it must answer with the VLAN's tag."""
RECEPTION = str(addresses.TERMINALS["reception"].address.ip)
SETTINGS = f"""
[[segments]]
name = "imaging"
vlan = 20
address = "{IMAGING_ROUTER}/28"

"""


def test_segment_is_a_vlan(world: World) -> None:
    scanner = world.add("scanner", {"eth0": "lan"})
    scanner.ip("link add link eth0 name eth0.20 type vlan id 20\nlink set dev eth0.20 up\n")
    segments.stand(scanner, "eth0.20", f"{SCANNER}/28", IMAGING_ROUTER)
    # As behind a switch: what comes without the tag is not for it.
    scanner.sysctl(net__ipv4__conf__eth0__rp_filter=1)
    listed = segments.terminal("scanner", world.mac("scanner", "eth0"), SCANNER)
    segments.configure(world, SETTINGS + listed)
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    for host in MODES:
        segments.client_on(world, scanner, host).login()
        world.client("reception", host).login()
    reception = world.machines["reception"]
    with serving(scanner, SCANNER), serving(reception, RECEPTION):
        assert not reaches(reception, SCANNER)
        assert not reaches(scanner, RECEPTION)
    assert not reaches(scanner, UNPROVEN, addresses.ENGINE_PORT)

    segments.configure(world, SETTINGS + listed, lan='reaches = ["imaging"]\n')
    world.router.apply()
    with serving(scanner, SCANNER), serving(reception, RECEPTION):
        assert reaches(reception, SCANNER)
        assert not reaches(scanner, RECEPTION)
    world.router.sekisho("down")
    assert "sk-vlan" not in world.machines["router"].run("ip", "-brief", "link").stdout
