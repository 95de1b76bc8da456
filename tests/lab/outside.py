"""What stands between the clinic and the data centers and belongs to neither: the upper router and the internet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address

from tests.lab import addresses
from tests.lab.machine import Machine

_DNSMASQ = (
    "dnsmasq",
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--no-hosts",
    "--no-resolv",
    "--bind-interfaces",
)


def start_dns(machine: Machine, address: IPv4Address, names: Mapping[str, Sequence[IPv4Address]]) -> None:
    """A DNS server on one address that knows `names` and nothing else."""
    machine.popen(
        *_DNSMASQ,
        f"--listen-address={address}",
        "--local=/example/",
        "--local-ttl=5",
        *(f"--host-record={name},{answer}" for name, answers in names.items() for answer in answers),
        log=machine.log_dir / "dns.log",
    )


def start_internet(machine: Machine) -> None:
    """The public DNS and a public web server; interface `internet` is plugged."""
    machine.ip(f"address add {addresses.INTERNET_DNS} dev internet\naddress add {addresses.PUBLIC_WEB} dev internet\n")
    names = {place.host: [place.outside.ip] for place in addresses.CONCENTRATORS.values()}
    start_dns(machine, addresses.INTERNET_DNS.ip, {**names, addresses.PUBLIC_WEB_NAME: [addresses.PUBLIC_WEB.ip]})
    machine.write("/var/www/index.html", "<!doctype html><title>public</title>\n")
    machine.popen(
        "python",
        *("-m", "http.server", "80", "--bind", str(addresses.PUBLIC_WEB.ip), "--directory", "/var/www"),
        log=machine.log_dir / "web.log",
    )


def start_upper_router(machine: Machine) -> None:
    """The home gateway that the clinic already had: DHCP, DNS and NAT; interfaces `lan0`, `wan0` are plugged."""
    machine.ip(f"address add {addresses.UPPER_LAN} dev lan0\naddress add {addresses.UPPER_WAN} dev wan0\n")
    machine.sysctl(net__ipv4__ip_forward=1)
    machine.run(
        "nft",
        "-f",
        "-",
        input="""
        table inet gateway {
          chain forward {
            type filter hook forward priority filter; policy drop;
            ct state established,related accept
            iifname lan0 oifname wan0 accept
          }
          chain postrouting {
            type nat hook postrouting priority srcnat;
            oifname wan0 masquerade
          }
        }
        """,
    )
    machine.popen(
        *_DNSMASQ,
        "--interface=lan0",
        f"--server={addresses.INTERNET_DNS.ip}",
        "--dhcp-authoritative",
        "--dhcp-leasefile=/run/leases",
        f"--dhcp-range={addresses.LINE_DHCP_FIRST},{addresses.LINE_DHCP_LAST},{addresses.LINE.netmask},1h",
        log=machine.log_dir / "dnsmasq.log",
    )
