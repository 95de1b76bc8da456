"""Other networks of the clinic: only the ways that the settings open are open, and a terminal may stand in any."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, TCP

from tests.lab import addresses, observe
from tests.lab import terminal as terminals
from tests.lab.machine import Machine
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios import frames, segments
from tests.scenarios.segments import GUESTS_ROUTER, IMAGING_ROUTER, SCANNER, reaches, serving
from tests.scenarios.steps import MODES, engine_addresses, firewall_counter

pytestmark = pytest.mark.namespaces

RECEPTION = str(addresses.TERMINALS["reception"].address.ip)
INNER, INNER_ROUTER, WARD = "192.0.2.192/28", "192.0.2.5", "192.0.2.194"
SETTINGS = f"""
[[segments]]
name = "imaging"
interface = "lan1"
address = "{IMAGING_ROUTER}/28"

[[segments]]
name = "guests"
interface = "lan2"
address = "{GUESTS_ROUTER}/28"

[segments.dhcp]
first = "192.0.2.150"
last = "192.0.2.155"

[[routes]]
to = "{INNER}"
via = "{INNER_ROUTER}"

"""


def test_segments_are_routed_or_isolated(world: World) -> None:
    for port, segment in (("lan1", "imaging"), ("lan2", "guests")):
        world.lay("router", port, segment)
        world.plug("router", port)
    scanner, guest = world.add("scanner", {"eth0": "imaging"}), world.add("guest", {"eth0": "guests"})
    ward = _inner_network(world)
    segments.stand(scanner, "eth0", f"{SCANNER}/28", IMAGING_ROUTER)
    listed = segments.terminal("scanner", world.mac("scanner", "eth0"), SCANNER)
    segments.configure(world, SETTINGS + listed, lan='reaches = ["imaging"]\n')
    world.start_appliance()
    observe.await_green(world)
    world.lease_terminals()
    own = _leased(guest)

    for host in MODES:
        segments.client_on(world, scanner, host).login()
    reception = world.machines["reception"]
    with serving(scanner, SCANNER), serving(reception, RECEPTION), serving(guest, own), serving(ward, WARD):
        assert reaches(reception, SCANNER)
        assert reaches(reception, WARD), "by the inner router, on the terminal's own wire"
        assert reaches(ward, SCANNER), "what is behind the LAN's inner router counts as the LAN"
        assert not reaches(scanner, RECEPTION)
        assert not reaches(scanner, WARD)
        assert not reaches(scanner, own)
        for inside in (SCANNER, RECEPTION, WARD):
            assert not reaches(guest, inside)
        assert not reaches(reception, own)
        for engine in engine_addresses(addresses.RECEIPT_HOST):
            assert not reaches(guest, engine, addresses.ENGINE_PORT)
    _nobody_speaks_for_another_segment(world, guest)


def _inner_network(world: World) -> Machine:
    """Another router of the clinic's stands on the LAN; behind it is the ward."""
    inner, ward = world.add("inner", {"eth0": "lan", "eth1": "inner"}), world.add("ward", {"eth0": "inner"})
    segments.stand(inner, "eth0", f"{INNER_ROUTER}/26", str(addresses.ROUTER_LAN.ip))
    inner.ip("address add 192.0.2.193/28 dev eth1\n")
    inner.sysctl(net__ipv4__ip_forward=1)
    segments.stand(ward, "eth0", f"{WARD}/28", "192.0.2.193")
    return ward


def _leased(guest: Machine) -> str:
    terminals.start_client(guest)
    until(lambda: "inet 192.0.2.15" in guest.run("ip", "-4", "address", "show", "dev", "eth0").stdout, "the lease")
    return guest.run("ip", "-4", "-brief", "address", "show", "dev", "eth0").stdout.split()[2].partition("/")[0]


def _nobody_speaks_for_another_segment(world: World, guest: Machine) -> None:
    before = firewall_counter(world, "forged_lan")
    router = world.mac("router", "lan2")
    frames.send(guest, "eth0", router, [IP(src=RECEPTION, dst=SCANNER) / TCP(sport=40000, dport=segments.PORT)])
    until(lambda: firewall_counter(world, "forged_lan") > before, "the firewall counts it")
