"""Before anybody decides: forged packets go, services are redirected, dead ends are refused."""

from __future__ import annotations

from ipaddress import IPv4Address

from appliance.intent import names
from appliance.intent.firewall import (
    Accept,
    Chain,
    Drop,
    Field,
    Hook,
    NoTrack,
    RedirectByMap,
    RedirectTo,
    Refuse,
    Rule,
    SourceNat,
)
from appliance.intent.model import PROBE_MARK
from appliance.intent.rules import direct, internet, maintenance, map_e, segments, strangers
from appliance.intent.rules.ground import LISTED, NOT_ON_INTERNET, TCP, Ground, is_, is_not, outside, within

UNSPECIFIED = IPv4Address(0)


def chains(ground: Ground) -> tuple[Chain, ...]:
    return (_forged(ground), _probes(ground), _redirects(ground), _dead_ends(ground), _source_nat(ground))


def _forged(ground: Ground) -> Chain:
    """Ahead of connection tracking, which would let a forged packet close or age somebody's tracked connection; and
    ahead of its gathering of fragments (NF_IP_PRI_CONNTRACK_DEFRAG, -400): a first fragment that waits there in vain
    is sent back inside ICMP, to whomever it claims to come from."""
    return Chain(
        "forged",
        Hook("filter", "prerouting", "raw - 150", "accept"),
        (
            Rule(
                (ground.from_lan, is_(Field.SOURCE4, UNSPECIFIED), is_(Field.UDP_SPORT, 68), is_(Field.UDP_DPORT, 67)),
                Accept(),
                "LAN is served: a machine that has no address yet may ask for one (RFC 2131)",
            ),
            Rule(
                (ground.from_lan, outside(names.INSIDE_SOURCES, Field.IIF, Field.SOURCE4)),
                Drop(),
                "Anti-spoofing: in each segment only its own addresses speak",
                names.FORGED_LAN,
            ),
            Rule(
                (
                    ground.from_lan,
                    is_(
                        Field.SOURCE4,
                        *ground.routers,
                        *(segment.address.network.broadcast_address for segment in ground.lan.segments),
                    ),
                ),
                Drop(),
                "Anti-spoofing: nobody else is the router, and nobody is everybody",
                names.FORGED_LAN,
            ),
            Rule(
                (
                    ground.from_lan,
                    is_(Field.FAMILY, "ipv4"),
                    is_(Field.FIB_SOURCE_INTERFACE, "missing"),
                ),
                Drop(),
                "Anti-spoofing: the way back to the sender must be the LAN (RFC 3704)",
                names.FORGED_LAN,
            ),
            # Refused, not dropped: it may be a terminal whose network card was replaced, and honest machines hang on
            # silence. Untracked, so that it can never speak in the connection of the terminal whose address it wears.
            Rule(
                (ground.from_lan, *strangers.IN_A_TERMINALS_NAME),
                NoTrack(),
                "No impostor: another machine with a terminal's address is kept out of its connections",
            ),
            *(segments.hairpins() if ground.has_behind else ()),
            Rule(
                (ground.from_wan, is_(Field.SOURCE4, *ground.inside)),
                Drop(),
                "Anti-spoofing: LAN and data center do not speak from the WAN",
                names.FORGED_WAN,
            ),
            Rule(
                (ground.from_wan, is_(Field.DESTINATION4, *ground.inside)),
                Drop(),
                "Silence outside: nothing from the WAN reaches the LAN or the tunnel",
                names.FORGED_WAN,
            ),
            *(() if ground.is_direct else (_forged_in_tunnels(ground),)),
        ),
    )


def _forged_in_tunnels(ground: Ground) -> Rule:
    return Rule(
        (ground.from_tunnels, is_not(Field.SOURCE4, *ground.prefixes)),
        Drop(),
        "Anti-spoofing: from a tunnel only the data center speaks",
        names.DROPPED_TUNNEL,
    )


def _probes(ground: Ground) -> Chain:
    """A SYN in the engine's name makes a terminal's stack answer (RFC 5961 section 4.2), and the answer is then
    refused; conntrack must not take that SYN for the engine's."""
    return Chain(
        "probes",
        Hook("filter", "output", "raw", "accept"),
        (
            Rule(
                (ground.to_lan, is_(Field.MARK, PROBE_MARK)),
                NoTrack(),
                "Wake-up: our probe of a terminal's cut connection is not the engine's packet",
            ),
        ),
    )


def _redirects(ground: Ground) -> Chain:
    return Chain(
        "redirects",
        Hook("nat", "prerouting", "dstnat", "accept"),
        (
            Rule(
                (
                    ground.from_lan,
                    LISTED,
                    *((NOT_ON_INTERNET,) if ground.has_internet else ()),
                    TCP,
                    within(names.GATE_VERIFIED, Field.DESTINATION4, Field.TCP_DPORT),
                ),
                RedirectByMap(ground.lan.address.ip, (Field.DESTINATION4, Field.TCP_DPORT), names.GATE_OPEN),
                "Proven by the gate: a listed terminal's way to a proven engine leads through it",
                names.REDIRECTED_GATE,
            ),
            *(
                Rule(
                    (ground.from_lan, is_(Field.DESTINATION4, *ground.routers), is_(Field.TCP_DPORT, usual)),
                    RedirectTo(ground.lan.address.ip, served),
                    "No side door: the page at its usual ports, served without privileges",
                )
                for usual, served in ((443, names.PAGE_PORT), (80, names.PAGE_REDIRECT_PORT))
            ),
            *(internet.name_redirects(ground) if ground.has_internet else ()),
            *maintenance.ways_in(ground),
        ),
    )


def _dead_ends(ground: Ground) -> Chain:
    """Where the route is missing or unreachable (both tunnels down, no line), the kernel's own answer is an ICMP error
    that TCP stacks may ignore, five times and then once a second. Not for a connection that lives: it may outlast a
    short cut of both tunnels, as long as its engine's proof does."""
    no_way = (
        ground.from_lan,
        is_(Field.FIB_DESTINATION_TYPE, "unicast"),
        is_(Field.FIB_ROUTE, "missing"),
    )
    return Chain(
        "dead_ends",
        Hook("filter", "prerouting", "filter", "accept"),
        (
            Rule(
                (*no_way, is_(Field.CT_STATE, "new", "invalid", "untracked")),
                Refuse(),
                "Refuse at once: there is no way there now",
                names.REFUSED_LAN,
            ),
            Rule(
                (
                    *no_way,
                    *(() if ground.is_direct else (is_(Field.DESTINATION4, *ground.prefixes),)),
                    outside(names.ENGINE_VERIFIED, Field.DESTINATION4, Field.TCP_DPORT),
                ),
                Refuse(),
                "Lapse: the connection of a lapsed proof ends though there is no way there now",
                names.REFUSED_LAN,
            ),
        ),
    )


def _source_nat(ground: Ground) -> Chain:
    return Chain(
        "source_nat",
        Hook("nat", "postrouting", "srcnat", "accept"),
        (
            *(_into_tunnels(ground, ground.inner_address) if ground.inner_address else ()),
            *map_e.source_nat(ground),
            *(internet.source_nat(ground) if ground.has_internet else ()),
            *(direct.source_nat(ground) if ground.is_direct else ()),
        ),
    )


def _into_tunnels(ground: Ground, inner_address: IPv4Address) -> tuple[Rule, ...]:
    return (
        Rule(
            (ground.to_tunnels, is_(Field.SOURCE4, *ground.lan.networks)),
            SourceNat(inner_address),
            "Fail-over: one inner address on both tunnels, so that connections survive",
        ),
    )
