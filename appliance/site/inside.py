"""Checks between the networks of the clinic and what stands in them: segments, inner routers, DNS servers, terminals.

All of it is pure. Every network is told apart by its addresses alone, so none may overlap another.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import TYPE_CHECKING

from appliance.site.checks import LAN, Key, Problem, is_host, member_problems
from appliance.text import Text

if TYPE_CHECKING:
    from appliance.site.model import Lan, Segment, Site


def problems(site: Site) -> Iterator[Problem]:
    """Of site.segments, site.routes, site.forwards and site.terminals."""
    yield from _segment_problems(site)
    yield from _reach_problems(site)
    yield from _route_problems(site)
    yield from _forward_problems(site)
    yield from _terminal_problems(site)


def segment_of(site: Site, address: IPv4Address) -> Lan | Segment | None:
    """The segment on whose wire `address` is."""
    everywhere: tuple[Lan | Segment, ...] = (site.lan, *site.segments)
    return next((segment for segment in everywhere if address in segment.address.network), None)


def _segment_problems(site: Site) -> Iterator[Problem]:
    lines = {line.interface for line in site.lines.values()}
    places: dict[str | int, str] = {site.lan.interface: LAN}
    names = {LAN}
    networks = [(LAN, site.lan.address.network), *_outside(site)]
    for position, segment in enumerate(site.segments):
        at: Key = ("segments", position)
        if segment.name in names:
            yield Problem((*at, "name"), _taken(segment.name))
        names.add(segment.name)
        if segment.interface is None and segment.vlan is None:
            yield Problem(
                (*at, "interface"),
                Text(
                    f"セグメント {segment.name} の場所がわかりませんので、"
                    "interface（ポート）か vlan（番号）を書いてください。",
                    f"segment {segment.name} has no place; write interface (a port), vlan (a number), or both.",
                ),
            )
            continue
        port = segment.interface or site.lan.interface
        place = port if segment.vlan is None else segment.vlan
        earlier = places.setdefault(place, segment.name)
        key = (*at, "interface" if segment.vlan is None else "vlan")
        if port in lines:
            yield Problem(
                (*at, "interface"),
                Text(
                    f"{port} は回線側のポートですので、院内側のポートを書いてください。",
                    f"{port} is the port to the line; write one on the clinic's side.",
                ),
            )
        elif earlier != segment.name:
            yield Problem(
                key,
                Text(
                    f"{place} は {earlier} も使っていますので、別のポートか別の VLAN 番号にしてください。",
                    f"{place} is {earlier}'s already; choose another port or another VLAN number.",
                ),
            )
        yield from _overlaps((*at, "address"), segment.address.network, networks)
        networks.append((segment.name, segment.address.network))


def _reach_problems(site: Site) -> Iterator[Problem]:
    known = {LAN, *(segment.name for segment in site.segments)}
    ways: list[tuple[Key, str, tuple[str, ...]]] = [(("lan",), LAN, site.lan.reaches)]
    ways += [(("segments", position), item.name, item.reaches) for position, item in enumerate(site.segments)]
    for at, own, reaches in ways:
        for position, name in enumerate(reaches):
            if name not in known:
                yield Problem(
                    (*at, "reaches", position),
                    Text(
                        f"{name} という名前のセグメントはありませんので、"
                        f"{'、'.join(sorted(known))} から選んでください。",
                        f"there is no segment {name}; choose from {', '.join(sorted(known))}.",
                    ),
                )
            elif name == own:
                yield Problem(
                    (*at, "reaches", position),
                    Text(
                        f"{name} は自分自身ですので、消してください（同じセグメントの中は、いつでも通信できます）。",
                        f"{name} is the segment itself; delete it (within a segment nothing is in the way).",
                    ),
                )


def _route_problems(site: Site) -> Iterator[Problem]:
    networks = [(LAN, site.lan.address.network), *((item.name, item.address.network) for item in site.segments)]
    networks += _outside(site)
    for position, route in enumerate(site.routes):
        at: Key = ("routes", position)
        if route.to.prefixlen < 8 or not is_host(route.to[0]):
            yield Problem(
                (*at, "to"),
                Text(
                    f"{route.to} は院内のネットワークとしては使えませんので、/8 より小さい範囲を書いてください。",
                    f"{route.to} is no network of a clinic; write one of /8 or smaller.",
                ),
            )
        else:
            yield from _overlaps((*at, "to"), route.to, networks)
        networks.append((f"routes[{position + 1}]", route.to))
        segment = segment_of(site, route.via)
        if segment is None:
            yield Problem(
                (*at, "via"),
                Text(
                    f"{route.via} は院内のどのセグメントにもありませんので、院内のルーターのアドレスを書いてください。",
                    f"{route.via} is in none of the clinic's segments; write the address of the inner router.",
                ),
            )
        else:
            yield from member_problems((*at, "via"), route.via, segment.address, _ROUTER)


def _forward_problems(site: Site) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for position, forward in enumerate(site.forwards):
        for number, domain in enumerate(forward.domains):
            if domain == "lan" or seen.setdefault(domain, position) != position:
                yield Problem(("forwards", position, "domains", number), _taken(domain))
        for number, server in enumerate(forward.servers):
            segment = segment_of(site, server)
            key: Key = ("forwards", position, "servers", number)
            if segment is not None:
                yield from member_problems(key, server, segment.address, _ROUTER)
            elif not any(server in route.to for route in site.routes):
                yield Problem(
                    key,
                    Text(
                        f"{server} は院内のどこにもありませんので、院内の DNS サーバーのアドレスを書くか、"
                        "そこへの行き方を [[routes]] に書いてください。",
                        f"{server} is nowhere in the clinic; write a DNS server of the clinic, "
                        "or the way to it as [[routes]].",
                    ),
                )


def _terminal_problems(site: Site) -> Iterator[Problem]:
    first_with: dict[tuple[str, str], int] = {}
    for position, terminal in enumerate(site.terminals):
        at: Key = ("terminals", position)
        segment = segment_of(site, terminal.address)
        behind = segment is None and any(terminal.address in route.to for route in site.routes)
        if not behind:
            yield from member_problems((*at, "address"), terminal.address, (segment or site.lan).address, _ROUTER)
        if terminal.name == site.lan.name:
            yield Problem(
                (*at, "name"),
                Text(
                    f"{terminal.name} はルーター自身の名前（lan.name）ですので、別の名前にしてください。",
                    f"{terminal.name} is the router's own name (lan.name); choose another.",
                ),
            )
        if terminal.internet_minutes is not None and all(line.kind == "ipoe" for line in site.lines.values()):
            yield Problem(
                (*at, "internet_minutes"),
                Text(
                    "この医院の回線は IPv6 だけで、端末をインターネットにつなげませんので、この行を消してください。",
                    "the lines of this clinic carry IPv6 only, which is no way to the internet for a terminal; "
                    "delete this line.",
                ),
            )
        # Terminals behind an inner router all come with that router's card.
        cards = () if behind else (("mac", terminal.mac),)
        for field, value in (("name", terminal.name), *cards, ("address", str(terminal.address))):
            earlier = first_with.setdefault((field, value), position)
            if earlier != position:
                yield Problem(
                    (*at, field),
                    Text(
                        f"{value} は terminals[{earlier + 1}] でも使われていますので、どちらかを直してください。",
                        f"{value} is used by terminals[{earlier + 1}] too; correct one of them.",
                    ),
                )


def _outside(site: Site) -> list[tuple[str, IPv4Network]]:
    return [(name, line.address.network) for name, line in site.lines.items() if line.kind == "static"]


def _overlaps(key: Key, network: IPv4Network, others: list[tuple[str, IPv4Network]]) -> Iterator[Problem]:
    for name, other in others:
        if network.overlaps(other):
            yield Problem(
                key,
                Text(
                    f"{network} が {name}（{other}）と重なっていて通信先を区別できませんので、"
                    "重ならない範囲に変えてください。",
                    f"{network} overlaps {name} ({other}), so destinations are ambiguous; "
                    "choose a range that does not overlap.",
                ),
            )


def _taken(name: str) -> Text:
    return Text(
        f"{name} はもう使われていますので、別の名前にしてください。", f"{name} is in use already; choose another name."
    )


_ROUTER = Text("ルーター", "the router")
