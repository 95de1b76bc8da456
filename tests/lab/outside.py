"""What belongs neither to the clinic nor to the data centers nor to a line: the internet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Interface
from pathlib import Path

from tests.lab import addresses
from tests.lab.machine import Machine

DNSMASQ = (
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--no-hosts",
    "--no-resolv",
    "--bind-interfaces",
)
"""The common part of every dnsmasq out there."""


def speak_ipv6(machine: Machine, address: IPv6Interface) -> None:
    """A place on the internet by IPv6; interface `internet` is plugged."""
    machine.ip(
        f"address add {address} dev internet nodad\n"
        f"route add {addresses.IPOE_CUSTOMERS} via {addresses.PROVIDER6.ip} dev internet\n"
    )


Address = IPv4Address | IPv6Address


def start_dns(machine: Machine, listening: Address | Sequence[Address], names: Mapping[str, Sequence[Address]]) -> None:
    """A DNS server on some addresses that knows `names` and nothing else."""
    own = [listening] if isinstance(listening, Address) else listening
    machine.popen(
        *DNSMASQ,
        *(f"--listen-address={address}" for address in own),
        "--local=/example/",
        "--local-ttl=5",
        *(f"--host-record={name},{answer}" for name, answers in names.items() for answer in answers),
        log=machine.log_dir / "dns.log",
    )


def start_time(machine: Machine, address: IPv4Address, nts: tuple[Path, Path] | None = None) -> None:
    """A time server on one address that trusts this kernel's clock. nts: its certificate and key, to speak NTS."""
    keys = f"ntsservercert {nts[0]}\nntsserverkey {nts[1]}\nntsrotate 0\n" if nts else ""
    machine.write(
        "/etc/chrony.conf",
        f"bindaddress {address}\nallow all\nlocal stratum 3\ncmdport 0\npidfile /run/chronyd.pid\n{keys}",
    )
    machine.popen("chronyd", "-x", "-d", "-u", "root", "-f", "/etc/chrony.conf", log=machine.log_dir / "time.log")


def start_internet(machine: Machine, speaks_ipv6: bool) -> None:
    """The public DNS and a public web server; interface `internet` is plugged."""
    machine.ip(f"address add {addresses.INTERNET_DNS} dev internet\naddress add {addresses.PUBLIC_WEB} dev internet\n")
    listening: list[Address] = [addresses.INTERNET_DNS.ip]
    names: dict[str, list[Address]] = {place.host: [place.outside.ip] for place in addresses.CONCENTRATORS.values()}
    if speaks_ipv6:
        speak_ipv6(machine, addresses.INTERNET_DNS6)
        listening.append(addresses.INTERNET_DNS6.ip)
        for place in addresses.CONCENTRATORS.values():
            names[place.host].append(place.outside6.ip)
    names[addresses.RECEIPT_HOST] = [addresses.OUTSIDE_RECEIPT.ip]
    names[addresses.RECEIPT_GATE_HOST] = [addresses.OUTSIDE_RECEIPT_GATE.ip]
    start_dns(
        machine, listening, {**names, addresses.PUBLIC_WEB_NAME: [addresses.PUBLIC_WEB.ip, addresses.PUBLIC_WEB6]}
    )
    machine.write("/var/www/index.html", "<!doctype html><title>public</title>\n")
    machine.popen(
        "python",
        *("-m", "http.server", "80", "--bind", str(addresses.PUBLIC_WEB.ip), "--directory", "/var/www"),
        log=machine.log_dir / "web.log",
    )
