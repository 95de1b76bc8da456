"""IPv6 with a prefix for the customer (IPoE with a telephone): the provider's DHCPv6 server delegates it, and what is
advertised on the wire is not for addresses."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv6Network
from pathlib import Path

from tests.lab import addresses
from tests.lab.lines import ipoe
from tests.lab.machine import Machine

DELEGATED = 56
_ROUTE = "/etc/kea-route"
# The customer's own router is the way to his prefix (RFC 8415 section 6.3).
_ROUTE_TO_CUSTOMER = """#!/bin/sh
[ "$1" = leases6_committed ] || exit 0
for n in 0 1; do
  eval "type=\\${LEASES6_AT${n}_TYPE:-} prefix=\\${LEASES6_AT${n}_ADDRESS:-}/\\${LEASES6_AT${n}_PREFIX_LEN:-}"
  [ "$type" = IA_PD ] && ip route replace "$prefix" via "$QUERY6_REMOTE_ADDR" dev "$QUERY6_IFACE_NAME"
done
exit 0
"""


@dataclass(frozen=True, slots=True)
class IpoeDelegated(ipoe.Ipoe):
    """pool: out of which the clinic is delegated a /56. prefix: of the wire."""

    pool: IPv6Network = addresses.IPOE_POOLS[0]
    tells_resolver: bool = False

    def serve_dhcp6(self, machine: Machine) -> None:
        pool = {
            "prefix": str(self.pool.network_address),
            "prefix-len": self.pool.prefixlen,
            "delegated-len": DELEGATED,
        }
        machine.write(_ROUTE, _ROUTE_TO_CUSTOMER, 0o755)
        library = next(Path("/usr/lib").glob("*/kea/hooks/libdhcp_run_script.so"))
        script = {"library": str(library), "parameters": {"name": _ROUTE, "sync": True}}
        ipoe.start_dhcp6(
            machine,
            {"subnet": str(self.prefix), "pd-pools": [pool]},
            **{
                "hooks-libraries": [script],
                "preferred-lifetime": 60,
                "valid-lifetime": 120,
                "renew-timer": 20,
                "rebind-timer": 40,
            },
        )

    def advertisement(self) -> str:
        return ipoe.advertisement(self.prefix, autonomous=False, tells_resolver=False, mtu=self.mtu)
