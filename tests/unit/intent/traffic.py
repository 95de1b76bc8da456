"""Packets that could meet the router of a clinic (`tests.unit.intent.worlds`): those that its rules are made for, and
their neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from hypothesis import strategies as st

from appliance.intent import names
from appliance.intent.firewall import Field, Value
from appliance.intent.model import PROBE_MARK, RouterIntent
from tests.unit.intent.packets import Packet, Sets

ENGINES = tuple(IPv4Address(address) for address in ("203.0.113.17", "203.0.113.33", "198.18.0.17"))

RUN_TIME: Sets = {
    names.TUNNEL_ENDPOINTS: {(IPv4Address("198.51.100.11"), 51820)},
    names.WAN_RESOLVERS: {(IPv4Address("198.51.100.53"),)},
}
PROVEN: tuple[Sets, ...] = (
    {**RUN_TIME, names.ENGINE_VERIFIED: {(ENGINES[0], 443)}, names.GATE_VERIFIED: {(ENGINES[1], 443)}},
    {**RUN_TIME, names.ENGINE_VERIFIED: {(ENGINES[1], 443)}, names.GATE_VERIFIED: {(ENGINES[0], 443)}},
)
"""What run time may have filled in: the first engine proven for terminals, or for the gate."""

Properties = dict[Field, Value | bool | None]


@st.composite
def packets(draw: st.DrawFn, intent: RouterIntent) -> Packet:
    """A packet near one that the rules are made for: several properties changed."""
    properties = {**_ORDINARY, **draw(st.sampled_from(_welcome(intent)))}
    pool = _pool(intent)
    for field in draw(st.lists(st.sampled_from(sorted(pool)), max_size=6)):
        properties[field] = draw(st.sampled_from(pool[field]))
    return _packet(properties)


def neighbourhood(intent: RouterIntent) -> Iterator[Packet]:
    """Every packet that the rules are made for, and every packet that differs from one in one property."""
    pool = _pool(intent)
    for welcome in _welcome(intent):
        properties = {**_ORDINARY, **welcome}
        yield _packet(properties)
        for field, values in pool.items():
            yield from (_packet({**properties, field: value}) for value in values if value != properties.get(field))


def _packet(properties: Properties) -> Packet:
    """Without what a packet of this protocol does not have."""
    other_protocols = {
        field for protocol, fields in _BELONGS_TO.items() if protocol != properties[Field.L4PROTO] for field in fields
    }
    return {field: value for field, value in properties.items() if value is not None and field not in other_protocols}


_BELONGS_TO = {
    "tcp": (Field.TCP_DPORT, Field.TCP_FLAGS_SYN, Field.TCP_FLAGS_RST, Field.CT_ORIGINAL_DPORT),
    "udp": (Field.UDP_SPORT, Field.UDP_DPORT),
    "icmp": (Field.ICMP_TYPE,),
}

_ORDINARY: Properties = {
    Field.IIF: "other0",
    Field.OIF: "other0",
    Field.FAMILY: "ipv4",
    Field.L4PROTO: "tcp",
    Field.SOURCE4: IPv4Address("198.51.100.80"),
    Field.DESTINATION4: IPv4Address("198.51.100.80"),
    Field.ETHER_SOURCE: "02:00:00:00:02:50",
    Field.MARK: 0,
    Field.TTL: 64,
    Field.CT_STATE: "new",
    Field.CT_DIRECTION: "original",
    Field.CT_ORIGINAL_DESTINATION4: ENGINES[0],
    Field.CT_ORIGINAL_DPORT: 443,
    Field.TCP_DPORT: 443,
    Field.UDP_SPORT: 50000,
    Field.UDP_DPORT: 50000,
    Field.ICMP_TYPE: "echo-request",
    Field.FIB_DESTINATION_TYPE: "unicast",
    Field.FIB_SOURCE_INTERFACE: 2,
    Field.FIB_ROUTE: 2,
    Field.TCP_FLAGS_SYN: False,
    Field.TCP_FLAGS_RST: False,
}


def _welcome(intent: RouterIntent) -> list[Properties]:
    """What the rules are made for, one of each kind."""
    first = intent.tunnels[0]
    router, inner = intent.lan.address.ip, intent.inner_address
    gate_port = next((service.gate_port for service in intent.services if service.gate_port), names.FIRST_GATE_PORT)
    terminal: Properties = {
        Field.IIF: "lan0",
        Field.SOURCE4: intent.lan.hosts[0].address if intent.lan.hosts else intent.lan.address.network[2],
        Field.ETHER_SOURCE: intent.lan.hosts[0].mac if intent.lan.hosts else "02:00:00:00:02:02",
        Field.OIF: first.interface,
    }
    local: Properties = {Field.FIB_DESTINATION_TYPE: "local", Field.DESTINATION4: router}
    known: Properties = {Field.CT_STATE: "established"}
    invalid: Properties = {Field.CT_STATE: "invalid"}
    answer: Properties = {Field.CT_STATE: "established", Field.CT_DIRECTION: "reply"}
    from_center: Properties = {
        Field.IIF: first.interface,
        Field.OIF: "lan0",
        Field.SOURCE4: ENGINES[0],
        Field.DESTINATION4: inner,
    }
    to_center: Properties = {Field.OIF: first.interface, Field.SOURCE4: inner, Field.DESTINATION4: ENGINES[0]}
    to_line: Properties = {Field.OIF: "wan0", Field.L4PROTO: "udp"}
    engine: Properties = {Field.DESTINATION4: ENGINES[0]}
    return [
        {**terminal, **engine},
        {**terminal, **engine, **known},
        {**terminal, **local, Field.CT_STATUS: "dnat", Field.TCP_DPORT: gate_port},
        {**terminal, **local, **known, Field.CT_STATUS: "dnat", Field.TCP_DPORT: gate_port},
        {**terminal, **local, Field.CT_STATUS: "dnat", Field.TCP_DPORT: names.PAGE_PORT},
        {**terminal, **local, Field.CT_STATUS: "dnat", Field.TCP_DPORT: names.PAGE_REDIRECT_PORT},
        {**terminal, **local, Field.L4PROTO: "udp", Field.UDP_DPORT: 53},
        {**terminal, **local, Field.L4PROTO: "udp", Field.UDP_DPORT: 123},
        {**terminal, **local, Field.L4PROTO: "icmp"},
        {**terminal, Field.SOURCE4: IPv4Address(0), Field.L4PROTO: "udp", Field.UDP_SPORT: 68, Field.UDP_DPORT: 67},
        {**from_center, **answer},
        {**from_center, **answer, Field.L4PROTO: "icmp", Field.CT_STATE: "related"},
        {
            **from_center,
            Field.SOURCE4: first.peer_address,
            Field.L4PROTO: "udp",
            Field.UDP_DPORT: 3784,
            Field.TTL: 255,
        },
        *(
            {**from_center, Field.SOURCE4: network[0], Field.TCP_DPORT: names.METRICS_PORT}
            for network in intent.monitoring
        ),
        {**to_center, Field.UID: names.GATE_USER},
        {**to_center, **known, Field.UID: names.GATE_USER},
        {**to_center, Field.UID: 0},
        {**to_center, **known},
        {**to_center, **known, Field.TCP_FLAGS_RST: True},
        {
            **to_center,
            Field.DESTINATION4: intent.tunnel_dns[0],
            Field.L4PROTO: "udp",
            Field.UDP_DPORT: 53,
            Field.UID: 0,
        },
        {**to_center, Field.DESTINATION4: first.peer_address, Field.L4PROTO: "udp", Field.UDP_DPORT: 3784},
        {
            **to_center,
            Field.DESTINATION4: first.peer_address,
            Field.L4PROTO: "icmp",
            Field.ICMP_TYPE: "echo-request",
            Field.UID: 0,
        },
        {**to_line, Field.DESTINATION4: IPv4Address("198.51.100.11"), Field.UDP_DPORT: 51820},
        {**to_line, Field.DESTINATION4: IPv4Address("198.51.100.53"), Field.UDP_DPORT: 53, Field.UID: 0},
        {**to_line, Field.UDP_DPORT: 123, Field.UID: names.TIME_USER},
        {**to_line, Field.L4PROTO: "tcp", Field.TCP_DPORT: 4460, Field.UID: names.TIME_USER},
        *(
            {
                **to_center,
                Field.DESTINATION4: server,
                Field.L4PROTO: "udp",
                Field.UDP_DPORT: 123,
                Field.UID: names.TIME_USER,
            }
            for server in intent.time.inside
        ),
        {**to_line, Field.UDP_SPORT: 68, Field.UDP_DPORT: 67, Field.UID: 0},
        {Field.OIF: "lan0", **answer, Field.UID: names.PAGE_USER},
        {Field.OIF: "lan0", Field.MARK: PROBE_MARK, Field.UID: 0},
        {Field.OIF: "lan0", **invalid, Field.L4PROTO: "icmp", Field.ICMP_TYPE: "destination-unreachable"},
        {Field.IIF: "wan0", Field.L4PROTO: "udp", Field.UDP_SPORT: 67, Field.UDP_DPORT: 68},
        {Field.IIF: "wan0", Field.L4PROTO: "udp", Field.SOURCE4: IPv4Address("198.51.100.11"), Field.UDP_SPORT: 51820},
        {Field.IIF: "wan0", **answer},
    ]


def _pool(intent: RouterIntent) -> dict[Field, tuple[Value | bool | None, ...]]:
    """What each property may be changed to: the addresses and ports that our rules know, and strangers'."""
    addresses = (
        *(host.address for host in intent.lan.hosts),
        *ENGINES,
        *(tunnel.peer_address for tunnel in intent.tunnels),
        *intent.tunnel_dns,
        *(network[0] for network in intent.monitoring),
        intent.lan.address.ip,
        intent.lan.address.network[50],
        intent.inner_address,
        *(IPv4Address(other) for other in ("198.51.100.11", "198.51.100.53", "198.51.100.80", "0.0.0.0")),
    )
    gate_ports = tuple(service.gate_port for service in intent.services if service.gate_port)
    ports = (
        53,
        67,
        68,
        80,
        123,
        443,
        444,
        3784,
        4460,
        5432,
        names.PAGE_PORT,
        names.PAGE_REDIRECT_PORT,
        names.METRICS_PORT,
        51820,
        50000,
        *gate_ports,
    )
    interfaces = ("lan0", "wan0", "other0", *(tunnel.interface for tunnel in intent.tunnels))
    return {
        Field.IIF: interfaces,
        Field.OIF: interfaces,
        Field.L4PROTO: ("tcp", "udp", "icmp", "esp"),
        Field.SOURCE4: addresses,
        Field.DESTINATION4: addresses,
        Field.ETHER_SOURCE: (*(host.mac for host in intent.lan.hosts), "02:00:00:00:02:50"),
        Field.MARK: (0, PROBE_MARK),
        Field.TTL: (64, 255),
        Field.CT_STATE: ("new", "established", "related", "invalid", "untracked"),
        Field.CT_DIRECTION: ("original", "reply"),
        Field.CT_STATUS: (None, "dnat"),
        Field.CT_ORIGINAL_DESTINATION4: addresses,
        Field.CT_ORIGINAL_DPORT: ports,
        Field.UID: (None, 0, 1000, names.GATE_USER, names.PAGE_USER, names.TIME_USER),
        Field.TCP_DPORT: ports,
        Field.UDP_SPORT: ports,
        Field.UDP_DPORT: ports,
        Field.TCP_FLAGS_SYN: (False, True),
        Field.TCP_FLAGS_RST: (False, True),
        Field.ICMP_TYPE: ("echo-request", "echo-reply", "destination-unreachable", "redirect"),
        Field.FIB_DESTINATION_TYPE: ("unicast", "local", "broadcast", "multicast"),
        Field.FIB_SOURCE_INTERFACE: ("missing", 2),
        Field.FIB_ROUTE: ("missing", 2),
    }
