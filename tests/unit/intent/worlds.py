"""hypothesis strategies: clinics that could exist, and packets that could meet their router."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from appliance.account.model import Account
from appliance.errors import SekishoError
from appliance.intent import names
from appliance.intent.compile import compile
from appliance.intent.firewall import Field, Value
from appliance.intent.model import PROBE_MARK, RouterIntent
from appliance.site.model import Site
from tests.builders import (
    WITHOUT_TUNNELS,
    lab_account,
    lab_site,
    lab_tunnel,
    passthrough_service,
    static_wan,
    terminate_service,
)
from tests.unit.intent.packets import Packet, Sets

LANS = ("192.0.2.0/26", "192.0.2.0/25", "10.0.0.0/8", "172.16.4.0/22", "203.0.113.192/26")
PREFIXES = ("203.0.113.0/25", "203.0.113.0/26", "203.0.113.64/26", "203.0.113.0/24", "198.18.0.0/15")
OUTSIDE = {"ntp": ["ntp.time.example"], "nts": ["nts.time.example"]}
LINES = ("192.0.2.66/28", "192.0.2.129/30", "198.51.100.2/24")
BACKUP_LINE = "192.0.2.254/30"
SEGMENTS = ("192.168.10.0/24", "192.168.20.0/28", "192.168.30.0/25", "100.64.0.0/16")
BEHIND = ("192.168.40.0/24", "192.168.50.0/28", "11.0.0.0/8")


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    tunnels = [
        lab_tunnel(
            number,
            allowed_prefixes=sorted({*draw(st.lists(st.sampled_from(PREFIXES), max_size=3)), f"203.0.113.{number}/32"}),
            endpoint_host=draw(st.sampled_from(("vpn.dc.example", "198.51.100.11"))),
        )
        for number in range(1, draw(st.integers(2, 3)))
    ]
    inside = [IPv4Network(prefix) for tunnel in tunnels for prefix in tunnel["allowed_prefixes"]]
    dns = [str(network[0]) for network in draw(st.lists(st.sampled_from(inside), min_size=1))]
    monitoring = [str(network) for network in draw(st.lists(st.sampled_from(inside)))]
    ntp = [str(network[0]) for network in draw(st.lists(st.sampled_from(inside)))]
    return lab_account(tunnels=tunnels, services=draw(_services()), dns=dns, monitoring=monitoring, ntp=ntp)


@st.composite
def _services(draw: st.DrawFn) -> list[dict[str, Any]]:
    services: list[dict[str, Any]] = [
        draw(st.sampled_from((passthrough_service, terminate_service)))() for _ in range(draw(st.integers(1, 4)))
    ]
    for position, service in enumerate(services):
        service["name"] = f"s{position}"
        service["port"] = draw(st.sampled_from((443, 5432, 8000))) + position
    return services


def accounts_without_tunnels() -> st.SearchStrategy[Account]:
    return _services().map(lambda services: lab_account(**WITHOUT_TUNNELS, services=services))


@st.composite
def sites(draw: st.DrawFn) -> Site:
    network = IPv4Network(draw(st.sampled_from(LANS)))
    segments = draw(_segments())
    wires = {"lan": network, **{segment["name"]: _network(segment) for segment in segments}}
    ways = {name: draw(st.lists(st.sampled_from(sorted({*wires} - {name}) or [name]), unique=True)) for name in wires}
    for segment in segments:
        segment["reaches"] = ways[segment["name"]]
    lan: dict[str, Any] = {"interface": "lan0", "address": f"{network[1]}/{network.prefixlen}"}
    lan["reaches"] = ways["lan"] if segments else []
    if draw(st.booleans()):
        lan["dhcp"] = {"first": str(network[32]), "last": str(network[60])}
    behind = draw(st.lists(st.sampled_from(BEHIND), max_size=2, unique=True))
    places = [*wires.values(), *map(IPv4Network, behind)]
    wan = draw(st.sampled_from([_line(line, network, "wan0") for line in (None, *LINES)] + [_by_ipv6("wan0")]))
    others = (_line(None, network, "usb0"), _line(BACKUP_LINE, network, "usb0"), _by_ipv6("usb0"))
    backup_wan = draw(st.sampled_from((None, *others)))
    switchable = (None, 30) if any(line and line["kind"] != "ipoe" for line in (wan, backup_wan)) else (None,)
    return lab_site(
        wan=wan,
        backup_wan=backup_wan,
        lan=lan,
        segments=segments,
        routes=[{"to": to, "via": str(draw(st.sampled_from(sorted(wires.values())))[9])} for to in behind],
        forwards=[
            {"domains": [f"insurer{number}.example"], "servers": [str(place[10])]}
            for number, place in enumerate(draw(st.lists(st.sampled_from(places), max_size=2)))
        ],
        time=draw(st.sampled_from(({}, OUTSIDE, {"ntp": ["198.51.100.123"]}))),
        terminals=[
            {
                "name": f"t{host}",
                "label": f"端末{host}",
                "mac": f"02:00:00:00:02:{host:02x}",
                "address": str(draw(st.sampled_from(places))[host]),
                "internet_minutes": draw(st.sampled_from(switchable)),
            }
            for host in draw(st.lists(st.integers(2, 8), max_size=4, unique=True))
        ],
    )


@st.composite
def _segments(draw: st.DrawFn) -> list[dict[str, Any]]:
    """On ports of their own, on VLANs of the LAN's, and on VLANs of other ports."""
    segments: list[dict[str, Any]] = []
    for number, net in enumerate(draw(st.lists(st.sampled_from(SEGMENTS), max_size=3, unique=True)), 1):
        network = IPv4Network(net)
        vlan: dict[str, Any] = {"vlan": number}
        place = draw(st.sampled_from((vlan, {"interface": f"lan{number}"}, vlan | {"interface": "lan9"})))
        segment = {"name": f"s{number}", "address": f"{network[1]}/{network.prefixlen}", **place}
        if draw(st.booleans()):
            segment["dhcp"] = {"first": str(network[11]), "last": str(network[14])}
        segments.append(segment)
    return segments


def _network(segment: dict[str, Any]) -> IPv4Network:
    return IPv4Interface(segment["address"]).network


def _line(address: str | None, lan: IPv4Network, port: str) -> dict[str, Any]:
    """By DHCP where a fixed address would be the LAN's or the upper router's own."""
    line = IPv4Interface(address) if address else None
    if line is None or line.network.overlaps(lan) or line.network[1] == line.ip:
        return {"kind": "dhcp", "interface": port}
    return static_wan(interface=port, address=address, gateway=str(line.network[1]))


def _by_ipv6(port: str) -> dict[str, Any]:
    return {"kind": "ipoe", "interface": port}


@st.composite
def intents(draw: st.DrawFn, of: st.SearchStrategy[Account] = accounts()) -> RouterIntent:  # noqa: B008
    """of: whose routers."""
    account, site = draw(of), draw(sites())
    try:
        return compile(account, site)
    except SekishoError as error:
        assert error.code.startswith("intent.")
        reject()


def clinics() -> tuple[RouterIntent, ...]:
    """A few compiled routers that differ where the rules do: enough for the packets to range over."""
    one_tunnel = {"tunnels": [lab_tunnel(1)]}
    apart = [
        lab_tunnel(1, allowed_prefixes=["203.0.113.0/26", "198.18.0.0/15"]),
        lab_tunnel(2, allowed_prefixes=["203.0.113.2/32", "203.0.113.0/24"]),
    ]
    no_dhcp = {"interface": "lan0", "address": "10.0.0.1/8"}
    accounts_: list[dict[str, Any]] = [
        {},
        {"services": [terminate_service()], **one_tunnel},
        {"services": [passthrough_service(port=5432)], "monitoring": [], "ntp": [], **one_tunnel},
        {
            "tunnels": apart,
            "ntp": [],
            "dns": ["198.18.0.1", "203.0.113.5"],
            "monitoring": ["198.18.1.0/24", "203.0.113.0/28"],
        },
    ]
    sites_: list[dict[str, Any]] = [{}, {"wan": static_wan(), "lan": no_dhcp, "terminals": [], "time": OUTSIDE}]
    return tuple(compile(lab_account(**account), lab_site(**site)) for account in accounts_ for site in sites_)


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
