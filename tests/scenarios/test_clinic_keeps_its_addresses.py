"""A clinic keeps its addresses: the router takes the former gateway's place, and another machine goes on giving leases.

Nothing is changed on the terminals: one has its lease from the clinic's own server, one its address typed in.
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import IPv4Interface

import pytest

from tests.lab import addresses, observe, terminal
from tests.lab.machine import Machine
from tests.lab.router import SITE
from tests.lab.waiting import until
from tests.lab.world import World
from tests.scenarios.steps import MODES

pytestmark = pytest.mark.namespaces

GATEWAY, SERVER = "192.0.2.254", "192.0.2.193"
LEASED, TYPED = (
    replace(addresses.TERMINALS[name], address=IPv4Interface(f"192.0.2.{host}/26"))
    for name, host in (("reception", 250), ("doctor", 194))
)
DHCP = """
[lan.dhcp]
first = "192.0.2.32"
last = "192.0.2.61"
lease_hours = 12
"""


def test_clinic_keeps_its_addresses(world: World) -> None:
    _stand(world.add("server", {"eth0": "lan"}))
    settings = SITE.replace(DHCP, "").replace('"192.0.2.1/26"', f'"{GATEWAY}/26"')
    for place, former in ((LEASED, "reception"), (TYPED, "doctor")):
        settings = settings.replace(f'"{addresses.TERMINALS[former].address.ip}"', f'"{place.address.ip}"')
    world.router.configure(world.desk.public_keys.read_text(), settings)
    reception, doctor = world.machines["reception"], world.machines["doctor"]
    doctor.ip(f"address replace {TYPED.address} dev eth0\nroute replace default via {GATEWAY}\n")
    doctor.write("/etc/resolv.conf", f"nameserver {GATEWAY}\n")
    terminal.start_client(reception)
    terminal.wait_for_lease(reception, LEASED)

    world.start_appliance()
    observe.await_green(world)
    for role in ("reception", "doctor"):
        for host in MODES:
            world.client(role, host).login()

    # Asked anew, it is the clinic's server that answers still.
    cable = world.links["reception", "eth0"]
    cable.unplug()
    until(lambda: str(LEASED.address.ip) not in reception.run("ip", "address").stdout, "the lease is let go")
    cable.replug()
    terminal.wait_for_lease(reception, LEASED)
    assert terminal.told_by_dhcp(reception, "dhcp_server_identifier") == SERVER
    world.client().login()


def _stand(server: Machine) -> None:
    """The clinic's own DHCP server, as it has stood there for years."""
    server.ip(f"address add {SERVER}/26 dev eth0\n")
    server.popen(
        "dnsmasq",
        *("--no-daemon", "--conf-file=/dev/null", "--port=0", "--interface=eth0", "--dhcp-authoritative"),
        *("--dhcp-leasefile=/run/clinic.leases", "--dhcp-range=192.0.2.240,192.0.2.249"),
        f"--dhcp-host={LEASED.mac},{LEASED.address.ip}",
        *(f"--dhcp-option=option:router,{GATEWAY}", f"--dhcp-option=option:dns-server,{GATEWAY}"),
    )
