"""An access network that speaks IPv6 only: its edge advertises or delegates a prefix, and knows names of its own.

What carries IPv4 over it, an AFTR or a BR, is a machine behind the edge.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address

from tests.lab import addresses, outside
from tests.lab.lines.ipoe import LINE, start_dhcp6
from tests.lab.machine import Machine

EDGE = "access"
CARRIER = "carrier0"
"""Its interface to the far ends of softwires; `ipoe.LINE` is the one to the clinic."""


def start_edge(machine: Machine, *, delegates: bool, tells: Sequence[dict[str, str]] = ()) -> None:
    """delegates: the prefix by DHCPv6 (RFC 8415), as with a telephone on the line; else one /64 is advertised. tells:
    options of Kea's about what carries IPv4, where the access network speaks of it."""
    machine.ip(
        f"address add {addresses.SOFTWIRE_ACCESS} dev lo nodad\n"
        f"address add {addresses.SOFTWIRE_CARRIER} dev {CARRIER} nodad\n"
        f"route add {addresses.SOFTWIRE_PREFIX} dev {LINE}\n"
    )
    machine.sysctl(net__ipv6__conf__all__forwarding=1)
    machine.write("/etc/radvd.conf", _advertisement(delegates))
    machine.popen("radvd", "-n", "-C", "/etc/radvd.conf", "-p", "/run/radvd.pid", log=machine.log_dir / "radvd.log")
    if delegates or tells:
        own = addresses.SOFTWIRE_PREFIX
        pool = {"prefix": str(own.network_address), "prefix-len": own.prefixlen, "delegated-len": own.prefixlen}
        resolver = {"name": "dns-servers", "data": str(addresses.SOFTWIRE_ACCESS.ip)}
        subnet = {"subnet": str(own), "pd-pools": [pool] if delegates else []}
        start_dhcp6(machine, subnet, **{"option-data": [resolver, *tells]})
    name_far_end(machine, addresses.FAR_ENDS[:1])


def name_far_end(machine: Machine, ends: Iterable[object]) -> None:
    """What the access network's own DNS server says of the AFTR's name from now on; the rest the internet's knows."""
    found = [str(end).partition("/")[0] for end in ends]
    machine.run("sh", "-c", "kill $(cat /run/names.pid)", check=False)
    machine.popen(
        *outside.DNSMASQ,
        f"--listen-address={addresses.SOFTWIRE_ACCESS.ip}",
        "--pid-file=/run/names.pid",
        "--local-ttl=5",
        *(f"--host-record={addresses.AFTR_NAME},{end}" for end in found),
        *(f"--host-record={place.host},{place.outside.ip}" for place in addresses.CONCENTRATORS.values()),
        f"--host-record={addresses.PUBLIC_WEB_NAME},{addresses.PUBLIC_WEB.ip}",
        "--local=/example/",
        log=machine.log_dir / "names.log",
    )


def route_far_ends(machine: Machine, ends: Iterable[IPv6Address]) -> None:
    """An AFTR's or BR's own side: its addresses, and the way back to the access network's customers."""
    machine.ip(
        "".join(f"address add {end} dev {CARRIER} nodad\n" for end in ends)
        + f"route add ::/0 via {addresses.SOFTWIRE_CARRIER.ip} dev {CARRIER}\n"
    )


def _advertisement(delegates: bool) -> str:
    prefix = "" if delegates else f"  prefix {next(addresses.SOFTWIRE_PREFIX.subnets(new_prefix=64))} {{ }};\n"
    return (
        f"interface {LINE} {{\n  AdvSendAdvert on;\n  MinRtrAdvInterval 3;\n  MaxRtrAdvInterval 4;\n"
        f"  AdvManagedFlag {'on' if delegates else 'off'};\n  AdvOtherConfigFlag on;\n{prefix}"
        f"  RDNSS {addresses.SOFTWIRE_ACCESS.ip} {{ }};\n}};\n"
    )
