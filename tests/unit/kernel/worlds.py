"""A small router intent of our own, and a LAN and a WAN to apply it between."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from appliance.intent.firewall import (
    Accept,
    Chain,
    ClampMss,
    Count,
    Counter,
    Drop,
    Field,
    FlowTable,
    Hook,
    In,
    Jump,
    Match,
    NamedMap,
    NamedSet,
    NoTrack,
    Offload,
    RedirectByMap,
    RedirectTo,
    Refuse,
    Rule,
    SourceNat,
    Table,
    Value,
)
from appliance.intent.model import Address, Bfd, Lan, Line, PolicyRule, Route, RouterIntent, Segment, Time, Tunnel
from appliance.secret import Secret
from tests.unit.kernel.namespace import sh

PREFIX = IPv4Network("203.0.113.0/25")
INNER = IPv4Address("203.0.113.129")
ROUTER = IPv4Address("192.0.2.1")
ENGINE = (IPv4Address("203.0.113.17"), 443)


def key(of: str) -> str:
    """A WireGuard key: the same for the same words. Deliberately not clamped (RFC 7748)."""
    return base64.b64encode(hashlib.sha256(of.encode()).digest()).decode()


def public_key(of: str) -> str:
    return sh(f"echo {key(of)} | wg pubkey").strip()


def tunnel(number: int, **changes: Any) -> Tunnel:
    wanted = Tunnel(
        name=f"dc{number}",
        interface=f"sk-dc{number}",
        endpoint_host=f"198.51.100.1{number}",
        endpoint_port=51820,
        peer_public_key=public_key(f"concentrator {number}"),
        inner_address=INNER,
        peer_address=IPv4Address(f"203.0.113.{number}"),
        allowed_prefixes=(PREFIX,),
        keepalive=15,
        mtu=1394,
        rank=number - 1,
        line="wan",
        marks=(),
        own_table=70 + number,
        own_mark=0x5F0 + number,
        private_key=Secret(key("router")),
        preshared_key=Secret(key(f"shared {number}")),
    )
    return replace(wanted, **changes)


def is_(field: Field, *values: Value) -> Match:
    return Match((field,), values)


def rule(why: str, verdict: Any, *matches: Match, counter: str | None = None) -> Rule:
    return Rule(matches, verdict, why, counter)


TERMINALS = NamedSet(
    "terminals",
    ("ipv4_addr", "ether_addr"),
    "Terminals of the settings",
    elements=((IPv4Address("192.0.2.10"), "02:00:00:00:02:10"), (IPv4Address("192.0.2.11"), "02:00:00:00:02:11")),
)
INSIDE = NamedSet("inside", ("ipv4_addr",), "The data center", interval=True, elements=((PREFIX,),))
VERIFIED = NamedSet("engine_verified", ("ipv4_addr", "inet_service"), "Proven engines", timeout=True)
ENDPOINTS = NamedSet("tunnel_endpoints", ("ipv4_addr", "inet_service"), "Concentrators")
GATE = NamedMap("gate_open", ("ipv4_addr", "inet_service"), "inet_service", "The gate's ports", timeout=True)
FROM_LAN = is_(Field.IIF, "lan0")


def table(**changes: Any) -> Table:
    """One of each verdict. UDP 7 of the router is the echo that the LAN may use, UDP 8 is refused."""
    wanted = Table(
        name="sekisho",
        sets=(TERMINALS, INSIDE, VERIFIED, ENDPOINTS),
        maps=(GATE,),
        counters=(Counter("refused_lan", "LAN packets refused"), Counter("echoed", "Echoes let in")),
        chains=(
            Chain(
                "forged",
                Hook("filter", "prerouting", "raw", "accept"),
                (
                    rule(
                        "Anti-spoofing",
                        Drop(),
                        FROM_LAN,
                        is_(Field.FAMILY, "ipv4"),
                        is_(Field.FIB_SOURCE_INTERFACE, "missing"),
                    ),
                    rule("BFD is not tracked", NoTrack(), is_(Field.IIF, "sk-dc1"), is_(Field.UDP_DPORT, 3784)),
                ),
            ),
            Chain(
                "redirects",
                Hook("nat", "prerouting", "dstnat", "accept"),
                (
                    rule(
                        "The gate's door",
                        RedirectByMap(ROUTER, (Field.DESTINATION4, Field.TCP_DPORT), "gate_open"),
                        FROM_LAN,
                        is_(Field.L4PROTO, "tcp"),
                        Match((Field.DESTINATION4, Field.TCP_DPORT), In("engine_verified")),
                    ),
                    rule("The page", RedirectTo(ROUTER, 8080), FROM_LAN, is_(Field.TCP_DPORT, 80)),
                ),
            ),
            Chain(
                "source_nat",
                Hook("nat", "postrouting", "srcnat", "accept"),
                (rule("One inner address", SourceNat(INNER), is_(Field.OIF, "sk-dc1", "sk-dc2")),),
            ),
            Chain(
                "from_lan",
                None,
                (
                    rule("Echo", Accept(), is_(Field.UDP_DPORT, 7), counter="echoed"),
                    rule("Refuse at once", Refuse(), counter="refused_lan"),
                ),
            ),
            Chain(
                "input",
                Hook("filter", "input", "filter", "drop"),
                (
                    rule("Loopback", Accept(), is_(Field.IIF, "lo")),
                    rule("What the LAN sends", Jump("from_lan"), FROM_LAN),
                ),
            ),
            Chain(
                "forward",
                Hook("filter", "forward", "filter", "drop"),
                (
                    rule("Clamp", ClampMss(), is_(Field.OIF, "sk-dc1", "sk-dc2"), is_(Field.TCP_FLAGS_SYN)),
                    rule("Known", Accept(), is_(Field.CT_STATE, "established", "related")),
                    rule(
                        "Closed unless proven",
                        Accept(),
                        FROM_LAN,
                        Match((Field.SOURCE4, Field.ETHER_SOURCE), In("terminals")),
                        Match((Field.DESTINATION4, Field.TCP_DPORT), In("engine_verified")),
                    ),
                    rule("Count the rest", Count(), counter="refused_lan"),
                ),
            ),
        ),
    )
    return replace(wanted, **changes)


def guarded() -> Table:
    """With what hangs on devices: two that are there from the start, and two that come with the tunnels."""
    wanted = table()
    offload = rule("What is established", Offload("fast_path"), FROM_LAN, is_(Field.CT_STATE, "established"))
    guard = Chain(
        "guard",
        Hook("filter", "ingress", "-10", "accept", ("lan0", "sk-dc1")),
        (rule("Nothing for the echo", Drop(), is_(Field.UDP_DPORT, 9)),),
    )
    chains = tuple(
        replace(chain, rules=(offload, *chain.rules)) if chain.name == "forward" else chain for chain in wanted.chains
    )
    flows = FlowTable("fast_path", "filter", ("lan0", "sk-dc1", "sk-dc2"), "Established connections")
    return replace(wanted, chains=(guard, *chains), flow_tables=(flows,))


def intent(**changes: Any) -> RouterIntent:
    tunnels = changes.get("tunnels", (tunnel(1), tunnel(2)))
    wanted = RouterIntent(
        clinic_id="C-0001",
        inner_address=INNER,
        lines=(Line("wan", "static", "wan0", "wan0", True, False, (IPv4Address("198.51.100.53"),), 100, None, None),),
        lan=Lan("sekisho", (Segment("lan", "lan0", "lan0", None, IPv4Interface("192.0.2.1/26"), None),), ()),
        tunnels=tunnels,
        services=(),
        asked_ports=(),
        tunnel_dns=(),
        monitoring=(),
        time=Time(),
        bfd=Bfd(50, 4),
        addresses=(
            Address("lan0", IPv4Interface("192.0.2.1/26")),
            Address("wan0", IPv4Interface("192.0.2.66/28")),
            *(Address(item.interface, IPv4Interface(INNER), item.peer_address) for item in tunnels),
        ),
        routes=(
            Route(254, IPv4Network("0.0.0.0/0"), "wan0", gateway=IPv4Address("192.0.2.65")),
            *(Route(51, IPv4Network(item.peer_address), item.interface, source=INNER) for item in tunnels),
            Route(51, PREFIX, None, metric=4294967295),
        ),
        rules=(PolicyRule(5100, 51, PREFIX),),
        sysctls=(
            ("net/ipv4/ip_forward", "1"),
            ("net/netfilter/nf_conntrack_tcp_loose", "0"),
            ("net/ipv4/conf/all/accept_redirects", "0"),
            # The kernel's WireGuard does it as well (wg_open), and puts nothing back.
            ("net/ipv4/conf/all/send_redirects", "0"),
            ("net/ipv4/conf/lan0/rp_filter", "1"),
            ("net/ipv6/conf/lan0/disable_ipv6", "1"),
            *((f"net/ipv4/conf/{item.interface}/rp_filter", "2") for item in tunnels),
            *((f"net/ipv6/conf/{item.interface}/disable_ipv6", "1") for item in tunnels),
        ),
        shapers=(),
        firewall=guarded(),
    )
    return replace(wanted, **changes)


def build() -> None:
    """lan0 to the namespace `terminal` (192.0.2.10), wan0 to the namespace `line` (192.0.2.65)."""
    for namespace, port, mac, address in (
        ("terminal", "lan0", "02:00:00:00:02:10", "192.0.2.10/26"),
        ("line", "wan0", "02:00:00:00:02:65", "192.0.2.65/28"),
    ):
        sh(
            f"ip netns add {namespace} && ip link add {port} type veth peer name eth0 netns {namespace} && "
            f"ip -n {namespace} link set eth0 address {mac} up && ip -n {namespace} link set lo up && "
            f"ip -n {namespace} address add {address} dev eth0 && "
            f"ip -n {namespace} route add default via {IPv4Interface(address).network[1]} || true"
        )


def snapshot() -> dict[str, str]:
    """All that we might leave behind, as the tools show it; not what moves by itself (carrier, queue, numbers)."""
    return {
        "links": sh("ip -o link show | sed -E 's/^[0-9]+: //; s/ qdisc .*//; s/<[^>]*(LOWER_UP|NO-CARRIER)[^>]*>//'"),
        "addresses": sh("ip -o -4 address show | sed -E 's/^[0-9]+: //' | sort"),
        "routes": sh("ip -4 route show table all | sort"),
        "rules": sh("ip rule show"),
        "sysctls": sh(
            "cd /proc/sys/net && grep -rs . ipv4/conf ipv6/conf ipv4/ip_forward netfilter ipv4/icmp_ratelimit "
            "| grep -v -e nf_conntrack_count -e stable_secret | sort"
        ),
        "firewall": sh("nft --stateless list ruleset"),
        # What a port gets by itself when it is raised for the first time is nobody's trace.
        "queues": sh("tc qdisc show | grep -v ' noqueue ' || true"),
        "wireguard": sh("wg show all | grep -v transfer: || true"),
        "files": sh("find /run/wireguard /run/sekisho -type f -o -type s 2>/dev/null || true"),
    }


def wireguard_processes() -> list[int]:
    listing = sh("ps -e -o pid=,stat=,args=")
    rows = (line.split(None, 2) for line in listing.splitlines())
    return [int(pid) for pid, state, args in rows if args.startswith("wireguard-go") and not state.startswith("Z")]
