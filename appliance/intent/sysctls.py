"""Kernel switches that belong to the promise: only the global ones that it needs, and those of our interfaces.

IPv6 is decided: off on LAN and tunnels, and never forwarded. A terminal therefore has no
IPv6 router at all and its connections over IPv6 fail at once in its own stack; nothing can
leave beside the tunnel. It is on at the port of a line whose access network is IPv6 (IPoE), for
the router itself; what is advertised there is taken by dhcpcd, not by the kernel.

Meanings: Linux Documentation/networking/ip-sysctl.rst and nf_conntrack-sysctl.rst. Keys are
paths below /proc/sys, because interface names may hold dots.
"""

from __future__ import annotations

from appliance.intent.model import Line, Tunnel

Sysctl = tuple[str, str]

STRICT, LOOSE = "1", "2"
"""rp_filter (RFC 3704): the way back must be the interface itself, or any interface."""

_CONVERSATION = (
    ("accept_redirects", "0"),
    ("secure_redirects", "0"),
    ("send_redirects", "0"),
    ("accept_source_route", "0"),
    ("log_martians", "0"),
)
_GLOBAL: tuple[Sysctl, ...] = (
    ("net/ipv6/conf/all/forwarding", "0"),
    ("net/ipv4/tcp_syncookies", "1"),
    # The kernel answers a host's sixth refused datagram within a second with silence. Only the LAN ever gets an
    # ICMP error from us, and icmp_msgs_per_sec still bounds them all.
    ("net/ipv4/icmp_ratelimit", "0"),
    # A TCP connection that did not begin before our eyes is nobody's: without this, the middle of a refused
    # connection would count as a new one.
    ("net/netfilter/nf_conntrack_tcp_loose", "0"),
    # The kernel takes the larger of `all` and the interface's own: strict here leaves loose possible there.
    ("net/ipv4/conf/all/rp_filter", STRICT),
    *((f"net/ipv4/conf/all/{key}", value) for key, value in _CONVERSATION),
)

_FEW_PORTS: tuple[Sysctl, ...] = tuple(
    # NAT takes the port of a connection that has ended for another one only when it is forgotten; a late packet of
    # the former is then nobody's, and the LAN gets a reset for it.
    (f"net/netfilter/nf_conntrack_tcp_timeout_{state}", "0")
    for state in ("time_wait", "close")
)


def sysctls(inside: tuple[str, ...], lines: tuple[Line, ...], tunnels: tuple[Tunnel, ...]) -> tuple[Sysctl, ...]:
    """In the order in which they must be applied. Those of an interface need it to exist."""
    # First of all: a change of ip_forward resets the other ipv4/conf values. A router that leads nowhere is none.
    wanted = [("net/ipv4/ip_forward", "1" if lines or tunnels else "0"), *_GLOBAL]
    # With two lines an answer belongs to the line of its question, and not to that of the best route back.
    outside = LOOSE if len(lines) > 1 else STRICT
    speaks_ipv6 = {line.port for line in lines if line.ipv6}
    # What carries a session is nobody's IP interface, and answers for no address.
    ports = dict.fromkeys((*(line.interface for line in lines), *(line.port for line in lines)))
    for interface, rp_filter in (*((name, STRICT) for name in inside), *((name, outside) for name in ports)):
        wanted += _of(interface, rp_filter)
        wanted += _with_ipv6(interface) if interface in speaks_ipv6 else _without_ipv6(interface)
        # An address is answered for only on its own wire: the WAN must not learn the LAN's, nor the LAN the inner one.
        wanted += [(f"net/ipv4/conf/{interface}/arp_ignore", "1"), (f"net/ipv4/conf/{interface}/arp_announce", "2")]
    # dhcpcd sets it on its port; told here, so that it goes back with the rest when the router is taken down.
    wanted += [(f"net/ipv4/conf/{line.interface}/promote_secondaries", "1") for line in lines]
    if any(line.softwire and line.softwire.rule for line in lines):
        wanted += _FEW_PORTS
    for tunnel in tunnels:
        # After a fail-over the answer to what left by one tunnel may come back by the other.
        wanted += _of(tunnel.interface, LOOSE)
        wanted += _without_ipv6(tunnel.interface)
    return tuple(wanted)


def _of(interface: str, rp_filter: str) -> list[Sysctl]:
    return [
        (f"net/ipv4/conf/{interface}/rp_filter", rp_filter),
        *((f"net/ipv4/conf/{interface}/{key}", value) for key, value in _CONVERSATION),
    ]


def _without_ipv6(interface: str) -> list[Sysctl]:
    return [(f"net/ipv6/conf/{interface}/accept_ra", "0"), (f"net/ipv6/conf/{interface}/disable_ipv6", "1")]


def _with_ipv6(port: str) -> list[Sysctl]:
    """The kernel makes no address by itself, and believes neither redirects nor source routes."""
    return [
        (f"net/ipv6/conf/{port}/accept_ra", "0"),
        (f"net/ipv6/conf/{port}/autoconf", "0"),
        (f"net/ipv6/conf/{port}/accept_redirects", "0"),
        (f"net/ipv6/conf/{port}/accept_source_route", "-1"),
        # dhcpcd gives the link-local address too (addr_gen_mode 1: none), one that does not tell the MAC (RFC 7217).
        (f"net/ipv6/conf/{port}/addr_gen_mode", "1"),
        (f"net/ipv6/conf/{port}/disable_ipv6", "0"),
    ]
