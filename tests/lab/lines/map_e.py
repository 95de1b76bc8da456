"""MAP-E (RFC 7597, the draft's addresses): the access network advertises one /64, and a BR shares out IPv4 addresses.

The BR keeps no connections: it knows from address and port whose a packet is. What comes from a customer
with a port that is not his it drops, and counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.lab import addresses
from tests.lab.lines import FIRST, Cabling, Place, access, ipoe
from tests.lab.machine import Machine

BR = "br"


@dataclass(frozen=True, slots=True)
class MapELine:
    """tells: DHCPv6 tells the rule (RFC 7598)."""

    place: Place = FIRST
    tells: bool = False

    @property
    def cabling(self) -> Cabling:
        return {
            access.EDGE: {ipoe.LINE: self.place.segment, access.CARRIER: "carrier"},
            BR: {access.CARRIER: "carrier", "internet": "internet"},
        }

    @property
    def speaks_ipv6(self) -> bool:
        return True

    @property
    def settings(self) -> str:
        return (
            f'kind = "map-e"\nbr = "{addresses.FAR_ENDS[0].ip}"\nrule_ipv6 = "{addresses.MAP_E_RULE6}"\n'
            f'rule_ipv4 = "{addresses.MAP_E_RULE4}"\nea_bits = {addresses.MAP_E_EA_BITS}\n'
        )

    def start(self, machines: Mapping[str, Machine]) -> None:
        access.start_edge(machines[access.EDGE], delegates=False, tells=_TOLD if self.tells else [])
        br = machines[BR]
        access.route_far_ends(br, addresses.FAR_ENDS[:1])
        br.ip(
            f"address add {addresses.BR_OUTSIDE} dev internet\n"
            f"link add name customer type ip6tnl mode ipip6 encaplimit none local {addresses.FAR_ENDS[0].ip} "
            f"remote {addresses.MAP_E_ENDPOINT}\n"
            f"link set dev customer up\nroute add {addresses.MAP_E_ADDRESS} dev customer\n"
        )
        br.sysctl(net__ipv4__ip_forward=1, net__ipv4__conf__internet__proxy_arp=1)
        br.run("nft", "-f", "-", input=_BR)


def strangers(br: Machine) -> int:
    """Packets of the customer that had an address or a port of somebody else."""
    listing = br.run("nft", "-j", "list", "counter", "inet", "br", "strangers").stdout
    return next(int(entry["counter"]["packets"]) for entry in json.loads(listing)["nftables"] if "counter" in entry)


def ports() -> frozenset[int]:
    """The customer's, by RFC 7597 section 5.1: 15 blocks of 16."""
    return frozenset(block << 12 | addresses.MAP_E_PSID << 4 | port for block in range(1, 16) for port in range(16))


_FOUR, _SIX = addresses.MAP_E_RULE4, addresses.MAP_E_RULE6
_TOLD = [
    {"name": "s46-cont-mape", "data": ""},
    {"name": "s46-br", "space": "s46-cont-mape-options", "data": str(addresses.FAR_ENDS[0].ip)},
    {
        "name": "s46-rule",
        "space": "s46-cont-mape-options",
        "data": f"0, {addresses.MAP_E_EA_BITS}, {_FOUR.prefixlen}, {_FOUR.network_address}, {_SIX}",
    },
]
"""Kea's words."""

_HIS = ", ".join(map(str, sorted(ports())))
_BR = f"""
table inet br {{
  counter strangers {{ }}
  set his {{ type inet_service; elements = {{ {_HIS} }} }}
  chain forward {{
    type filter hook forward priority filter; policy drop;
    iifname customer jump from_customer
    iifname internet oifname customer ip daddr {addresses.MAP_E_ADDRESS} jump to_customer
  }}
  chain from_customer {{
    ip saddr {addresses.MAP_E_ADDRESS} meta l4proto {{ tcp, udp }} th sport @his accept
    ip saddr {addresses.MAP_E_ADDRESS} icmp type echo-request icmp id {{ {_HIS} }} accept
    ip saddr {addresses.MAP_E_ADDRESS} icmp type {{ destination-unreachable, time-exceeded }} accept
    counter name strangers drop
  }}
  chain to_customer {{
    meta l4proto {{ tcp, udp }} th dport @his accept
    icmp type echo-reply icmp id {{ {_HIS} }} accept
    icmp type {{ destination-unreachable, time-exceeded }} accept
  }}
}}
"""
