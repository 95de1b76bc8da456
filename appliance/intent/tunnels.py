"""The tunnels, and the floor under them: nothing for the data center may fall through to the WAN."""

from __future__ import annotations

from ipaddress import IPv4Interface, IPv4Network

from appliance.account.model import Account
from appliance.intent.model import (
    QUESTION_RULE_PRIORITY,
    ROUTING_TABLE,
    RULE_PRIORITY,
    SETTLED_METRIC,
    Address,
    Line,
    PolicyRule,
    Route,
    Tunnel,
)
from appliance.secret import Secret
from appliance.site.model import Site
from appliance.site.values import OUR_INTERFACES

FIRST_OWN_TABLE = 71
FIRST_OWN_MARK = 0x5F1
OUTER_HEADERS = {4: 60, 6: 80}
"""Bytes around a packet in a tunnel by the version of IP: 20 or 40 of IP, 8 of UDP, 32 of WireGuard."""


def tunnels(account: Account, site: Site, lines: tuple[Line, ...]) -> tuple[Tunnel, ...]:
    """In the account's order, which is the order of preference; the best tunnel prefers the best line. None where the
    way to the engines is the internet.

    Every line carries what the interface's MTU allows: a change of line must not begin with lost packets.
    """
    if account.wireguard_private_key is None:
        return ()
    private_key = Secret(account.wireguard_private_key.get_secret_value())
    bound = {choice.name: choice.line for choice in site.tunnels}
    prefer = [
        bound.get(tunnel.name, lines[min(rank, len(lines) - 1)].name) for rank, tunnel in enumerate(account.tunnels)
    ]
    return tuple(
        Tunnel(
            name=tunnel.name,
            interface=OUR_INTERFACES + tunnel.name,
            endpoint_host=tunnel.endpoint_host,
            endpoint_port=tunnel.endpoint_port,
            peer_public_key=tunnel.public_key,
            inner_address=tunnel.inner_address,
            peer_address=tunnel.peer_address,
            allowed_prefixes=tunnel.allowed_prefixes,
            keepalive=tunnel.keepalive,
            mtu=min(tunnel.mtu, *(line.mtu - OUTER_HEADERS[6 if line.ipv6 else 4] for line in lines)),
            rank=rank,
            line=prefer[rank],
            marks=_marks(lines, prefer[rank], tunnel.name in bound),
            own_table=FIRST_OWN_TABLE + rank,
            own_mark=FIRST_OWN_MARK + rank,
            private_key=private_key,
            preshared_key=Secret(tunnel.preshared_key.get_secret_value()),
        )
        for rank, tunnel in enumerate(account.tunnels)
    )


def _marks(lines: tuple[Line, ...], preferred: str, bound: bool) -> tuple[int, ...]:
    ordered = sorted(lines, key=lambda line: line.name != preferred)
    return tuple(line.mark for line in (ordered[:1] if bound else ordered) if line.mark is not None)


def addresses(wanted: tuple[Tunnel, ...]) -> tuple[Address, ...]:
    """Point to point, so that the peer is on-link and a direct BFD neighbour (RFC 5881 section 3)."""
    return tuple(
        Address(tunnel.interface, IPv4Interface((tunnel.inner_address, 32)), tunnel.peer_address) for tunnel in wanted
    )


def routes(wanted: tuple[Tunnel, ...]) -> tuple[Route, ...]:
    """What BIRD does not decide: the way to each peer, and the refusal beneath every prefix.

    The policy rules send whole prefixes, the peers included, to our table; without these host
    routes BFD could not speak before BIRD has a route, and BIRD sets none before BFD speaks.
    """
    peers = tuple(
        Route(ROUTING_TABLE, IPv4Network(tunnel.peer_address), tunnel.interface, source=tunnel.inner_address)
        for tunnel in wanted
    )
    floor = tuple(Route(ROUTING_TABLE, prefix, None, metric=SETTLED_METRIC) for prefix in prefixes(wanted))
    return peers + floor + tuple(route for tunnel in wanted for route in _own_routes(tunnel))


def _own_routes(tunnel: Tunnel) -> tuple[Route, ...]:
    """What asks about this tunnel must not be answered by way of another, even when its interface is gone."""
    return tuple(
        route
        for prefix in sorted(tunnel.allowed_prefixes)
        for route in (
            Route(tunnel.own_table, prefix, tunnel.interface, source=tunnel.inner_address),
            Route(tunnel.own_table, prefix, None, metric=SETTLED_METRIC),
        )
    )


def rules(wanted: tuple[Tunnel, ...]) -> tuple[PolicyRule, ...]:
    """By mark, then by destination."""
    own = tuple(PolicyRule(QUESTION_RULE_PRIORITY, tunnel.own_table, mark=tunnel.own_mark) for tunnel in wanted)
    return own + tuple(PolicyRule(RULE_PRIORITY, ROUTING_TABLE, prefix) for prefix in prefixes(wanted))


def prefixes(wanted: tuple[Tunnel, ...]) -> tuple[IPv4Network, ...]:
    """The distinct allowed prefixes of all tunnels, in order of address."""
    return tuple(sorted({prefix for tunnel in wanted for prefix in tunnel.allowed_prefixes}))
