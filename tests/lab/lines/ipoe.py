"""IPv6 and nothing else (IPoE): the provider's router advertises a prefix, and names a resolver itself or by DHCPv6."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Network
from typing import Any

from tests.lab import addresses
from tests.lab.lines import FIRST, Cabling, Place
from tests.lab.machine import Machine
from tests.lab.waiting import until

PROVIDER = "provider"
LINE = "line"
_RADVD, _KEA = "/etc/radvd.conf", "/etc/kea.json"


@dataclass(frozen=True, slots=True)
class Ipoe:
    """prefix: advertised for addresses. tells_resolver: in the advertisement (RFC 8106); otherwise DHCPv6 does, as the
    advertisement says (flag O; RFC 8415 section 6.1). mtu: of the line, in bytes, as advertised."""

    place: Place = FIRST
    mtu: int = 1500
    prefix: IPv6Network = addresses.IPOE_PREFIXES[0]
    tells_resolver: bool = True

    @property
    def cabling(self) -> Cabling:
        return {PROVIDER: {LINE: self.place.segment, "internet": "internet"}}

    @property
    def speaks_ipv6(self) -> bool:
        return True

    @property
    def settings(self) -> str:
        return 'kind = "ipoe"\n'

    def start(self, machines: Mapping[str, Machine]) -> None:
        machine = machines[PROVIDER]
        machine.ip(f"address add {addresses.PROVIDER6} dev internet nodad\n")
        machine.sysctl(net__ipv6__conf__all__forwarding=1)
        self.serve(machine)

    def serve(self, machine: Machine) -> None:
        """Advertise; who did so before is gone."""
        self.fall_silent(machine)
        machine.ip(
            f"route flush root {addresses.IPOE_CUSTOMERS}\naddress flush dev {LINE} scope global\n"
            f"address add {self.prefix[1]}/64 dev {LINE} nodad\n"
        )
        machine.write(_RADVD, self.advertisement())
        radvd = f"echo $$ >/run/radvd.pid; exec radvd -n -C {_RADVD} -p /run/radvd -m stderr -d 1"
        machine.popen("sh", "-c", radvd, log=machine.log_dir / "radvd.log")
        self.serve_dhcp6(machine)

    def fall_silent(self, machine: Machine) -> None:
        """Nobody advertises any more, and nobody has said farewell, as after a power cut."""
        machine.run("sh", "-c", "kill -9 $(cat /run/radvd.pid /run/kea.pid); rm -f /run/*.pid", check=False)

    def serve_dhcp6(self, machine: Machine) -> None:
        """For whoever asks, as the advertisement tells him to."""
        if not self.tells_resolver:
            start_dhcp6(machine, {"subnet": str(self.prefix)})

    def advertisement(self) -> str:
        """radvd.conf(5)."""
        return advertisement(self.prefix, autonomous=True, tells_resolver=self.tells_resolver, mtu=self.mtu)


def advertisement(prefix: IPv6Network, *, autonomous: bool, tells_resolver: bool, mtu: int) -> str:
    """autonomous: the prefix is for addresses, and not only that of the wire."""
    resolver = f"  RDNSS {addresses.INTERNET_DNS6.ip} {{ }};\n" if tells_resolver else ""
    return f"""\
interface {LINE} {{
  AdvSendAdvert on;
  MinRtrAdvInterval 3;
  MaxRtrAdvInterval 4;
  AdvDefaultLifetime 1800;
  AdvLinkMTU {mtu};
  AdvOtherConfigFlag {"off" if tells_resolver else "on"};
  prefix {prefix} {{ AdvAutonomous {"on" if autonomous else "off"}; }};
{resolver}}};
"""


def start_dhcp6(machine: Machine, subnet: Mapping[str, Any], **more: Any) -> None:
    """Kea on the line, with the internet's resolver. subnet: what it has to give there; more: of Kea's settings."""
    settings = {
        "interfaces-config": {"interfaces": [LINE], "service-sockets-max-retries": 60},
        "lease-database": {"type": "memfile", "persist": False},
        "server-id": {"type": "EN", "enterprise-id": 32473, "identifier": "01", "persist": False},
        "option-data": [{"name": "dns-servers", "data": str(addresses.INTERNET_DNS6.ip)}],
        "subnet6": [{"id": 1, "interface": LINE, **subnet}],
        **more,
    }
    machine.write(_KEA, json.dumps({"Dhcp6": settings}))
    kea = f"echo $$ >/run/kea.pid; exec kea-dhcp6 -c {_KEA}"
    environment = {"KEA_PIDFILE_DIR": "/run", "KEA_LOCKFILE_DIR": "none", "KEA_LOGGER_DESTINATION": "stdout"}
    log = machine.log_dir / f"kea-{len(list(machine.log_dir.glob('kea-*')))}.log"
    machine.popen("sh", "-c", kea, log=log, environment=environment)
    until(lambda: "DHCP6_STARTED" in log.read_text(errors="replace"), "the DHCPv6 server", 30)
