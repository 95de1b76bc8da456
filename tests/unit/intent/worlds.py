"""hypothesis strategies: clinics that could exist, and packets that could meet their router."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from hypothesis import strategies as st

from appliance.account.model import Account
from appliance.intent import names
from appliance.intent.firewall import Field, Value
from appliance.intent.model import PROBE_MARK, RouterIntent
from appliance.site.model import Site
from tests.builders import lab_account, lab_site, lab_tunnel, passthrough_service, static_wan, terminate_service

LANS = ("192.0.2.0/26", "192.0.2.0/25", "10.0.0.0/8", "172.16.4.0/22", "203.0.113.192/26")
PREFIXES = ("203.0.113.0/25", "203.0.113.0/26", "203.0.113.64/26", "203.0.113.0/24", "198.18.0.0/15", "192.0.2.0/24")
LINES = ("192.0.2.66/28", "192.0.2.129/30", "203.0.113.20/24", "198.51.100.2/24")


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    peers = ("203.0.113.1", "203.0.113.2")
    tunnels = [
        lab_tunnel(
            number + 1,
            allowed_prefixes=sorted({*draw(st.lists(st.sampled_from(PREFIXES), max_size=3)), f"{peers[number]}/32"}),
            endpoint_host=draw(st.sampled_from(("vpn.dc.example", "198.51.100.11", "203.0.113.9", "2001:db8::1"))),
        )
        for number in range(draw(st.integers(1, 2)))
    ]
    services: list[dict[str, Any]] = [
        draw(st.sampled_from((passthrough_service, terminate_service)))() for _ in range(draw(st.integers(1, 4)))
    ]
    for position, service in enumerate(services):
        service["name"] = f"s{position}"
        service["port"] = draw(st.sampled_from((443, 5432, 8000))) + position
    dns = draw(st.lists(st.sampled_from(("203.0.113.5", "203.0.113.70", "198.18.0.1")), min_size=1))
    monitoring = draw(st.lists(st.sampled_from(("203.0.113.6/32", "203.0.113.0/28", "198.18.1.0/24"))))
    return lab_account(tunnels=tunnels, services=services, dns=dns, monitoring=monitoring)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    network = IPv4Network(draw(st.sampled_from(LANS)))
    hosts = draw(st.lists(st.integers(2, 13), max_size=4, unique=True))
    lan: dict[str, Any] = {"interface": "lan0", "address": str(IPv4Interface((network[1], network.prefixlen)))}
    if draw(st.booleans()):
        lan["dhcp"] = {"first": str(network[32]), "last": str(network[60])}
    line = draw(st.sampled_from((None, *LINES)))
    if line and IPv4Interface(line).network.overlaps(network):
        line = None
    wan = (
        static_wan(address=line, gateway=str(IPv4Interface(line).network[1]))
        if line and IPv4Interface(line).network[1] != IPv4Interface(line).ip
        else {"kind": "dhcp", "interface": "wan0"}
    )
    return lab_site(
        wan=wan,
        lan=lan,
        terminals=[
            {
                "name": f"t{host}",
                "label": f"端末{host}",
                "mac": f"02:00:00:00:02:{host:02x}",
                "address": str(network[host]),
            }
            for host in hosts
        ],
    )


ENGINES = tuple(IPv4Address(address) for address in ("203.0.113.17", "203.0.113.33", "198.18.0.17"))


def filled_sets() -> st.SearchStrategy[dict[str, set[tuple[Value, ...]]]]:
    pairs = st.sets(st.tuples(st.sampled_from(ENGINES), st.sampled_from((443, 444, 5432))), max_size=4)
    return st.fixed_dictionaries(
        {
            names.ENGINE_VERIFIED: pairs,
            names.GATE_VERIFIED: pairs,
            names.TUNNEL_ENDPOINTS: st.just({(IPv4Address("198.51.100.11"), 51820)}),
            names.WAN_RESOLVERS: st.just({(IPv4Address("198.51.100.53"),)}),
        }
    )


@st.composite
def packets(draw: st.DrawFn, intent: RouterIntent, **fixed: Value) -> dict[Field, Value | bool]:
    """A packet from the pool of addresses and ports that our rules know, and of strangers.

    fixed: values by the name of the `Field`, for example IIF="lan0".
    """
    terminals = tuple(host.address for host in intent.lan.hosts)
    addresses = (
        *terminals,
        *ENGINES,
        *(tunnel.peer_address for tunnel in intent.tunnels),
        *intent.tunnel_dns,
        *(network[0] for network in intent.monitoring),
        intent.lan.address.ip,
        intent.lan.address.network[50],
        intent.inner_address,
        *(IPv4Address(other) for other in ("198.51.100.11", "198.51.100.53", "198.51.100.80", "0.0.0.0")),
    )
    cards = (*(host.mac for host in intent.lan.hosts), "02:00:00:00:02:50")
    ports = (53, 67, 68, 80, 123, 443, 444, 3784, 5432, names.PAGE_PORT, names.METRICS_PORT, 51820, 50000)
    ports += tuple(service.gate_port for service in intent.services if service.gate_port)
    protocol = draw(st.sampled_from(("tcp", "udp", "icmp", "esp")))
    packet: dict[Field, Value | bool | None] = {
        Field.IIF: draw(st.sampled_from(interfaces(intent))),
        Field.OIF: draw(st.sampled_from(interfaces(intent))),
        Field.FAMILY: "ipv4",
        Field.L4PROTO: protocol,
        Field.SOURCE4: draw(st.sampled_from(addresses)),
        Field.DESTINATION4: draw(st.sampled_from(addresses)),
        Field.ETHER_SOURCE: draw(st.sampled_from(cards)),
        Field.MARK: draw(st.sampled_from((0, PROBE_MARK))),
        Field.TTL: draw(st.sampled_from((64, 255))),
        Field.CT_STATE: draw(st.sampled_from(("new", "established", "related", "invalid", "untracked"))),
        Field.CT_DIRECTION: draw(st.sampled_from(("original", "reply"))),
        Field.CT_STATUS: draw(st.sampled_from((None, "dnat"))),
        Field.CT_ORIGINAL_DESTINATION4: draw(st.sampled_from(addresses)),
        Field.UID: draw(st.sampled_from((None, 0, 1000, names.GATE_USER, names.PAGE_USER))),
        Field.FIB_DESTINATION_TYPE: draw(st.sampled_from(("unicast", "local", "broadcast", "multicast"))),
        Field.FIB_SOURCE_INTERFACE: draw(st.sampled_from(("missing", 2))),
        Field.FIB_ROUTE: draw(st.sampled_from(("missing", 2))),
    }
    if protocol == "tcp":
        packet[Field.TCP_DPORT] = draw(st.sampled_from(ports))
        packet[Field.TCP_FLAGS_SYN] = draw(st.booleans())
        packet[Field.TCP_FLAGS_RST] = draw(st.booleans())
        packet[Field.CT_ORIGINAL_DPORT] = draw(st.sampled_from(ports))
    if protocol == "udp":
        packet[Field.UDP_SPORT] = draw(st.sampled_from(ports))
        packet[Field.UDP_DPORT] = draw(st.sampled_from(ports))
    if protocol == "icmp":
        packet[Field.ICMP_TYPE] = draw(
            st.sampled_from(("echo-request", "echo-reply", "destination-unreachable", "redirect"))
        )
    packet |= {Field[name]: value for name, value in fixed.items()}
    return {field: value for field, value in packet.items() if value is not None}


def interfaces(intent: RouterIntent) -> tuple[str, ...]:
    return ("lan0", "wan0", "other0", *(tunnel.interface for tunnel in intent.tunnels))
