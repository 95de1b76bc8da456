"""FLET'S-like PPPoE: the provider's server is rp-pppoe's, with a pppd for each session that asks who calls (CHAP)."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address

from tests.lab import addresses
from tests.lab.lines import FIRST, Cabling, Place
from tests.lab.machine import Machine

_PLUGINS = "/etc/ppp/plugins"
"""Where pppoe-server looks for pppd's plugin, whatever the distribution: fixed when it is built."""
_SERVER = "/run/pppoe-server.pid"


@dataclass(frozen=True, slots=True)
class PppoeLine:
    """name: of the provider's machine. first: the address of the first session, the next ones follow it."""

    place: Place = FIRST
    name: str = "provider"
    first: IPv4Address = addresses.PPPOE_CLIENT
    password: str = addresses.PPPOE_PASSWORD

    @property
    def cabling(self) -> Cabling:
        return {self.name: {"lan0": self.place.segment, "wan0": "internet"}}

    @property
    def speaks_ipv6(self) -> bool:
        return False

    @property
    def settings(self) -> str:
        return f'kind = "pppoe"\nuser = "{addresses.PPPOE_USER}"\n'

    def start(self, machines: Mapping[str, Machine]) -> None:
        machine = machines[self.name]
        machine.ip(f"address add {addresses.PPPOE_SERVER} dev wan0\n")
        machine.sysctl(net__ipv4__ip_forward=1)
        machine.run("sh", "-c", f"mkdir -p {_PLUGINS} && ln -s /usr/lib/pppd/*/pppoe.so {_PLUGINS}/rp-pppoe.so")
        self.serve(machine)

    def serve(self, machine: Machine) -> None:
        """Take calls. What a former server left is ended without a farewell, as by a power cut."""
        self.fall_silent(machine)
        escaped = addresses.PPPOE_PASSWORD.replace("\\", "\\\\").replace('"', '\\"')
        machine.write("/etc/ppp/chap-secrets", f'"{addresses.PPPOE_USER}" * "{escaped}" *\n', 0o600)
        machine.write("/etc/ppp/options", "")
        machine.write("/etc/ppp/server-options", _OPTIONS)
        # -k: the kernel's PPPoE; -F: no daemon of its own making.
        machine.popen(
            *("sh", "-c", f'echo $$ >{_SERVER}; exec "$@"', "sh"),
            *("pppoe-server", "-k", "-F", "-I", "lan0", "-C", "lab-ac", "-N", "8"),
            *("-L", str(addresses.PPPOE_SERVER.ip), "-R", str(self.first), "-O", "/etc/ppp/server-options"),
            log=machine.log_dir / "pppoe-server.log",
        )

    def fall_silent(self, machine: Machine) -> None:
        """The server and all its sessions are gone, and nobody was told."""
        kill = f"test ! -e {_SERVER} || pkill -{int(signal.SIGKILL)} -s $(cat {_SERVER}); rm -f {_SERVER}"
        machine.run("sh", "-c", kill, check=False)
        machine.run("sh", "-c", f"kill -{int(signal.SIGKILL)} $(cat /run/ppp*.pid)", check=False)
        machine.run("sh", "-c", "rm -f /run/ppp*.pid")


_OPTIONS = f"""\
auth
require-chap
nodefaultroute
noipv6
noccp
ms-dns {addresses.INTERNET_DNS.ip}
proxyarp
mtu {addresses.PPPOE_MTU}
mru {addresses.PPPOE_MTU}
lcp-echo-interval 5
lcp-echo-failure 3
"""
