"""DS-Lite (RFC 6333): the access network delegates a prefix, and an AFTR carries IPv4 with one NAT for all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tests.lab import addresses
from tests.lab.lines import FIRST, Cabling, Place, access, ipoe
from tests.lab.machine import Machine

AFTR = "aftr"
CUSTOMER = addresses.SOFTWIRE_PREFIX[1]
"""The router's address in the prefix that is delegated to it."""


@dataclass(frozen=True, slots=True)
class DsLiteLine:
    """tells: DHCPv6 names the AFTR (RFC 6334)."""

    place: Place = FIRST
    tells: bool = False

    @property
    def cabling(self) -> Cabling:
        return {
            access.EDGE: {ipoe.LINE: self.place.segment, access.CARRIER: "carrier"},
            AFTR: {access.CARRIER: "carrier", "internet": "internet"},
        }

    @property
    def speaks_ipv6(self) -> bool:
        return True

    @property
    def settings(self) -> str:
        return f'kind = "ds-lite"\naftr = "{addresses.AFTR_NAME}"\n'

    def start(self, machines: Mapping[str, Machine]) -> None:
        aftr_name = [{"name": "aftr-name", "data": addresses.AFTR_NAME}]
        access.start_edge(machines[access.EDGE], delegates=True, tells=aftr_name if self.tells else [])
        aftr = machines[AFTR]
        access.route_far_ends(aftr, addresses.FAR_ENDS)
        aftr.ip(f"address add {addresses.AFTR_OUTSIDE} dev internet\n")
        aftr.sysctl(net__ipv4__ip_forward=1)
        aftr.run("nft", "-f", "-", input=_NAT44)
        serve_at(aftr, 0)


def serve_at(aftr: Machine, number: int) -> None:
    """The AFTR takes softwires at this one of its addresses only, and has forgotten all connections."""
    aftr.run("ip", "link", "del", "customer", check=False)
    local = addresses.FAR_ENDS[number].ip
    aftr.ip(
        f"link add name customer type ip6tnl mode ipip6 encaplimit none local {local} remote {CUSTOMER}\n"
        "link set dev customer up\naddress add 192.0.0.1/32 dev customer\nroute add 192.0.0.0/29 dev customer\n"
    )
    aftr.run("conntrack", "-F")


_NAT44 = """
table inet aftr {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    iifname customer ip saddr 192.0.0.0/29 oifname internet accept
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname internet masquerade
  }
}
"""
