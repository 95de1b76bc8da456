"""Behind an upper router, the home gateway that the clinic already had: DHCP, DNS and NAT (double NAT).

A USB modem of a mobile line is the same thing in small: the router sees a network card and a DHCP server.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from tests.lab import addresses, outside
from tests.lab.lines import FIRST, SECOND, Cabling, Place
from tests.lab.machine import Machine

_BUFFER = "1mb"
"""Too deep, as those of home gateways are."""


@dataclass(frozen=True, slots=True)
class UpperRouter:
    """name: of its machine. inside, outside: its own addresses. first, last: what it hands out.

    upload_mbit: how much the line carries from the clinic, in Mbit/s, what comes too fast waiting in a deep buffer;
    None: as much as comes. told: whether the vendor has measured it.
    """

    place: Place = FIRST
    name: str = "upper"
    inside: IPv4Interface = addresses.UPPER_LAN
    outside: IPv4Interface = addresses.UPPER_WAN
    first: IPv4Address = addresses.LINE_DHCP_FIRST
    last: IPv4Address = addresses.LINE_DHCP_LAST
    upload_mbit: int | None = None
    told: bool = True

    @property
    def cabling(self) -> Cabling:
        return {self.name: {"lan0": self.place.segment, "wan0": "internet"}}

    @property
    def speaks_ipv6(self) -> bool:
        return False

    @property
    def settings(self) -> str:
        return 'kind = "dhcp"\n' + (f"upload_mbit = {self.upload_mbit}\n" if self.upload_mbit and self.told else "")

    def start(self, machines: Mapping[str, Machine]) -> None:
        machine = machines[self.name]
        machine.ip(f"address add {self.inside} dev lan0\naddress add {self.outside} dev wan0\n")
        machine.sysctl(net__ipv4__ip_forward=1)
        machine.run("nft", "-f", "-", input=_GATEWAY)
        if self.upload_mbit:
            tbf = ("tbf", "rate", f"{self.upload_mbit}mbit", "burst", "32k", "limit", _BUFFER)
            machine.run("tc", "qdisc", "replace", "dev", "wan0", "root", *tbf)
        self.serve(machine)

    def serve(self, machine: Machine) -> None:
        """Hand out addresses; who did so before makes room."""
        # Until it is gone: the next one could not have its ports.
        leave = "pid=$(cat /run/gateway.pid) && kill $pid && while test -e /proc/$pid/exe; do sleep 0.05; done"
        machine.run("sh", "-c", leave, check=False)
        machine.popen(
            *outside.DNSMASQ,
            "--interface=lan0",
            f"--server={addresses.INTERNET_DNS.ip}",
            "--dhcp-authoritative",
            "--dhcp-leasefile=/run/leases",
            "--pid-file=/run/gateway.pid",
            f"--dhcp-range={self.first},{self.last},{self.inside.netmask},1h",
            log=machine.log_dir / "dnsmasq.log",
        )


def usb_modem() -> UpperRouter:
    """The second line: a mobile modem that the router sees as the network card ``usb0``."""
    return UpperRouter(
        place=SECOND,
        name="modem",
        inside=addresses.MODEM_LAN,
        outside=addresses.MODEM_WAN,
        first=addresses.MODEM_DHCP,
        last=addresses.MODEM_DHCP,
    )


_GATEWAY = """
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
"""
