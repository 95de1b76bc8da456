"""Whether what a line gives at run time can be told apart from the clinic's own networks and the data center's."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Network

from appliance.intent.model import RouterIntent


def inside(intent: RouterIntent) -> tuple[IPv4Network, ...]:
    """All networks that no line may use: the segments, what lies behind inner routers, and behind the tunnels."""
    behind = (prefix for tunnel in intent.tunnels for prefix in tunnel.allowed_prefixes)
    own = (IPv4Network(intent.inner_address),) if intent.inner_address else ()
    return tuple(dict.fromkeys((*intent.lan.networks, *behind, *own)))


def clash(network: IPv4Network, taken: Iterable[IPv4Network]) -> IPv4Network | None:
    """The first of `taken` that shares an address with the line's network."""
    return next((other for other in taken if other.overlaps(network)), None)
