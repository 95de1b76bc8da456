"""Where the queue of a full line forms: in front of our own bottleneck, and not in the upper router's deep buffer.

Twice, because a line sees of a tunnel only WireGuard's own packets. At each tunnel the terminals share the
line's rate: there their packets are still to be told apart. At the line's port all that leaves shares
it once more: the tunnels, terminals on the internet, the router itself. With one busy tunnel the queue
forms at the tunnel, whose packets count a little larger there than they are.
"""

from __future__ import annotations

from appliance.intent.model import Line, Shaper, Tunnel
from appliance.site.model import Site

ETHERNET = 38
"""Bytes around a packet on the cable: preamble, header, checksum, gap (IEEE 802.3)."""
WIREGUARD = 40 + 8 + 16 + 16 + 15
"""Around an inner packet at most: IPv6, UDP, WireGuard's header and tag, and padding to a multiple of 16."""


def shapers(site: Site, lines: tuple[Line, ...], tunnels: tuple[Tunnel, ...]) -> tuple[Shaper, ...]:
    """None for a line whose upload is not known, nor for a tunnel that may use such a line."""
    rates: dict[str, int | None] = {name: line.upload_mbit for name, line in site.lines.items()}
    at_lines = tuple(Shaper(line.port, mbit, ETHERNET) for line in lines if (mbit := rates[line.name]))
    at_tunnels = tuple(
        Shaper(tunnel.interface, mbit, WIREGUARD + ETHERNET)
        for tunnel in tunnels
        if (mbit := _fastest([rates[line.name] for line in lines if not tunnel.marks or line.mark in tunnel.marks]))
    )
    return at_lines + at_tunnels


def _fastest(usable: list[int | None]) -> int | None:
    """A tunnel may move to another of its lines at any time, and must not be slower there than it could be."""
    known = [mbit for mbit in usable if mbit is not None]
    return max(known) if len(known) == len(usable) else None
