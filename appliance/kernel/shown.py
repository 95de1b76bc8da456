"""The kernel's side of a router for whoever supports it: what it shows to anybody, and no key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

from appliance.errors import SekishoError
from appliance.intent.names import TABLE
from appliance.kernel import tool, wireguard


def texts() -> Mapping[str, str]:
    """By the name of a file. What cannot be had says why instead."""
    return {name: _said(ask) for name, ask in _ASKED.items()}


def _said(ask: Callable[[], str]) -> str:
    try:
        return ask()
    except SekishoError as error:
        return f"not to be had: {error}\n"


def _run(*arguments: str) -> Callable[[], str]:
    return lambda: tool.run(arguments)[1]


def _tunnels() -> str:
    return "".join(f"{line}\n" for line in _tunnel_lines(wireguard.observe()))


def _tunnel_lines(devices: Mapping[str, wireguard.Device]) -> Iterator[str]:
    """Of each interface what `wg show` tells, its keys left out."""
    for name, device in sorted(devices.items()):
        yield f"interface {name}, mark {device.mark:#x}"
        for peer in device.peers.values():
            at = datetime.fromtimestamp(peer.latest_handshake, UTC).isoformat() if peer.latest_handshake else "never"
            allowed = " ".join(sorted(map(str, peer.allowed)))
            yield f"  peer at {peer.endpoint or 'nowhere'}, latest handshake {at}, keepalive {peer.keepalive} s"
            yield f"  received {peer.rx_bytes} bytes, sent {peer.tx_bytes} bytes, allowed {allowed}"


_ASKED: Mapping[str, Callable[[], str]] = {
    "firewall.nft": _run("nft", "list", "table", "inet", TABLE),
    "firewall-tables.txt": _run("nft", "list", "tables"),
    "links.txt": _run("ip", "-statistics", "link", "show"),
    "addresses.txt": _run("ip", "address", "show"),
    "routes.txt": _run("ip", "route", "show", "table", "all"),
    "routing-rules.txt": _run("ip", "rule", "show"),
    "neighbours.txt": _run("ip", "neighbour", "show"),
    "wireguard.txt": _tunnels,
}
