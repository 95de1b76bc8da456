"""hypothesis strategies: clinics that could exist."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

from appliance.account.model import Account
from appliance.errors import SekishoError
from appliance.intent.compile import compile
from appliance.intent.model import RouterIntent
from appliance.site.model import Site
from tests.builders import (
    MAINTAINER,
    WITHOUT_TUNNELS,
    lab_account,
    lab_site,
    lab_tunnel,
    passthrough_service,
    static_wan,
    terminate_service,
)

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
    maintainer = {**MAINTAINER, "addresses": sorted({str(network[-1]) for network in inside})[:2]}
    return lab_account(
        tunnels=tunnels,
        services=draw(_services()),
        dns=dns,
        monitoring=monitoring,
        ntp=ntp,
        maintainers=draw(st.sampled_from(([], [maintainer]))),
    )


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
    hosts = draw(st.lists(st.integers(2, 8), max_size=4, unique=True))
    maintained = draw(st.lists(st.sampled_from(hosts), max_size=2, unique=True)) if hosts else []
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
            for host in hosts
        ],
        maintenance=[
            {"terminal": f"t{host}", "services": draw(st.sampled_from((["rdp"], ["ssh", 5901])))} for host in maintained
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
