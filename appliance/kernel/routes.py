"""Static routes. Ours carry our protocol number, so that the kernel itself tells them from BIRD's and others'."""

from __future__ import annotations

import errno
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Any

from appliance.errors import SekishoError
from appliance.intent.model import Route
from appliance.kernel import links
from appliance.kernel.changes import Change
from appliance.kernel.netlink import PROTOCOL, Netlink, NetlinkError, tolerating
from appliance.text import Text

_UNICAST, _UNREACHABLE = 1, 7  # rtnetlink(7): rtm_type
_ONLINK = 4  # rtm_flags: RTNH_F_ONLINK
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
_LINK = 253  # rtm_scope of a destination on the link itself


@dataclass(frozen=True, slots=True)
class Add:
    """replace: one of ours with the same table, destination and metric gives way in the same step."""

    route: Route
    replace: bool


@dataclass(frozen=True, slots=True)
class Remove:
    route: Route


def observe(netlink: Netlink, names: Mapping[int, str]) -> set[Route]:
    """The routes that we made. names: interface names by index."""
    routes = set()
    for message in (found for family in _FAMILIES.values() for found in netlink.get_routes(family=family)):
        if message["proto"] != PROTOCOL or message["type"] not in (_UNICAST, _UNREACHABLE):
            continue
        gateway, source = message.get_attr("RTA_GATEWAY"), message.get_attr("RTA_PREFSRC")
        out = message.get_attr("RTA_OIF")
        routes.add(
            Route(
                table=message.get_attr("RTA_TABLE", message["table"]),
                destination=_destination(message),
                interface=names.get(out) if message["type"] == _UNICAST else None,
                gateway=ip_address(gateway) if gateway else None,
                source=ip_address(source) if source else None,
                metric=message.get_attr("RTA_PRIORITY") or 0,
            )
        )
    return routes


def _destination(message: Any) -> IPv4Network | IPv6Network:
    """The kernel has no word for "anywhere"."""
    form = IPv4Network if message["family"] == socket.AF_INET else IPv6Network
    return form((message.get_attr("RTA_DST") or 0, message["dst_len"]))


def diff(wanted: Iterable[Route], observed: Iterable[Route]) -> list[Change]:
    """Additions first, so that a destination is never without its route or its floor in between."""
    wanted, observed = list(dict.fromkeys(wanted)), set(observed)
    standing = {_key(route) for route in observed}
    added = [_change(Add(route, _key(route) in standing)) for route in wanted if route not in observed]
    replaced = {_key(route) for route in wanted}
    surplus = (route for route in observed - set(wanted) if _key(route) not in replaced)
    return added + [_change(Remove(route)) for route in sorted(surplus, key=_order)]


def apply(netlink: Netlink, change: Change) -> None:
    """Raises SekishoError ``kernel.route-taken`` when another program's route stands in the same place."""
    match change.operation:
        case Add(route, replace):
            try:
                netlink.route("replace" if replace else "add", **_arguments(route))
            except NetlinkError as error:
                if error.code != errno.EEXIST:
                    raise
                raise _taken(route) from None
        case Remove(route):
            with tolerating(errno.ESRCH, errno.ENODEV):
                netlink.route("del", **_arguments(route))
        case _:
            raise TypeError(change.operation)


def _arguments(route: Route) -> dict[str, object]:
    arguments: dict[str, object] = {
        "family": _FAMILIES[route.destination.version],
        "table": route.table,
        "dst": str(route.destination),
        "proto": PROTOCOL,
        "type": "unicast" if route.interface else "unreachable",
    }
    if route.metric:
        arguments["priority"] = route.metric
    if route.interface:
        arguments["oif"] = links.index(route.interface)
        if route.gateway is None and route.destination.version == 4:
            arguments["scope"] = _LINK
    if route.gateway:
        arguments["gateway"] = str(route.gateway)
        # The line's own address may be a moment away, and a gateway may lie outside its network (RFC 3442).
        arguments["flags"] = _ONLINK
    if route.source:
        arguments["prefsrc"] = str(route.source)
    return arguments


def _key(route: Route) -> tuple[int, IPv4Network | IPv6Network, int]:
    return route.table, route.destination, route.metric


def _order(route: Route) -> tuple[int, int, str, int]:
    return route.table, route.destination.version, str(route.destination), route.metric


def _change(operation: Add | Remove) -> Change:
    route = operation.route
    if route.interface is None:
        way = Text("行き止まり（すぐに断る）", "unreachable (refused at once)")
    else:
        gateway = f" {route.gateway}" if route.gateway else ""
        way = Text(f"{route.interface}{gateway} へ", f"by {route.interface}{gateway}")
    if isinstance(operation, Add):
        text = Text(
            f"{route.destination} への経路を作ります：{way.ja}（表 {route.table}）。",
            f"add route to {route.destination}: {way.en} (table {route.table})",
        )
    else:
        text = Text(
            f"{route.destination} への経路を消します：{way.ja}（表 {route.table}）。",
            f"remove route to {route.destination}: {way.en} (table {route.table})",
        )
    return Change("route", str(route.destination), text, operation)


def _taken(route: Route) -> SekishoError:
    return SekishoError(
        "kernel.route-taken",
        f"{route.destination} への経路（表 {route.table}）が、ほかのプログラムによって既に作られています。"
        "そのプログラムを止めるか、その経路を消してください。",
        f"Another program already made a route to {route.destination} in table {route.table}; "
        "stop that program or remove its route.",
    )
