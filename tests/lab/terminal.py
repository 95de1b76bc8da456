"""A clinic's terminal: it gets its address by a real DHCP client, or a person has typed one in."""

from __future__ import annotations

import re

from tests.lab import addresses
from tests.lab.addresses import TerminalPlace
from tests.lab.machine import Machine
from tests.lab.waiting import until

INTERFACE = "eth0"


def start_client(machine: Machine, interface: str = INTERFACE) -> None:
    """Start the DHCP client, which stays and renews."""
    machine.run("ip", "address", "flush", "dev", interface)
    machine.popen(
        "dhcpcd",
        *("--nobackground", "--ipv4only", "--noipv4ll", "--config", "/dev/null"),
        # The ARP probe of RFC 5227 takes some seconds; here nobody else has the address.
        "--noarp",
        *("--option", "routers,domain_name_servers,domain_name,ntp_servers"),
        interface,
    )


def wait_for_lease(machine: Machine, place: TerminalPlace, limit: float = 60.0) -> None:
    """Return when the terminal has its fixed address and a DNS server; TimeoutError after `limit` seconds."""
    until(lambda: _has(machine, place) and "nameserver" in machine.read("/etc/resolv.conf"), "the DHCP lease", limit)


def fix(machine: Machine, place: TerminalPlace) -> None:
    """Type in the address, the router and the DNS server: for tests without a DHCP server."""
    machine.ip(
        f"address replace {place.address} dev {INTERFACE}\nroute replace default via {addresses.ROUTER_LAN.ip}\n"
    )
    machine.write("/etc/resolv.conf", f"nameserver {addresses.ROUTER_LAN.ip}\n")


def told_by_dhcp(machine: Machine, option: str, interface: str = INTERFACE) -> str | None:
    """An option of the lease that the DHCP client got, by dhcpcd's name for it (dhcpcd-definitions.conf).

    Only while it holds one: asked in between, dhcpcd 9.4 never answers again.
    """
    lease = machine.run("dhcpcd", "--config", "/dev/null", "--ipv4only", "--dumplease", interface).stdout
    found = re.search(rf"^{option}='?([^'\n]*)'?$", lease, re.MULTILINE)
    return found[1] if found else None


def _has(machine: Machine, place: TerminalPlace) -> bool:
    return f" {place.address} " in machine.run("ip", "-4", "address", "show", "dev", INTERFACE).stdout
