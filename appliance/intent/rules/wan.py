"""The WAN side: the tunnels' outer packets, DHCP, DNS and time leave; answers to them come in; the rest is silence."""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Accept, Chain, Drop, Field, Match, NamedSet, Refuse, Rule
from appliance.intent.rules import direct, internet, map_e, wan6
from appliance.intent.rules.ground import ANSWER, ICMP, KNOWN, OF_CHRONY, RELATED, Ground, is_, within

INPUT, FORWARD, OUTPUT = "wan_input", "wan_forward", "wan_output"


def input_chain(ground: Ground) -> Chain:
    return Chain(
        INPUT,
        None,
        (
            *(wan6.strays_in(ground) if ground.outside6 else ()),
            Rule(
                (KNOWN, ANSWER), Accept(), "Tunnels stand: answers to what the router asked: tunnels, DHCP, DNS, time"
            ),
            *(_input_rules(ground) if ground.outside4 else ()),
            *((*wan6.errors_in(), *wan6.input_rules(ground)) if ground.outside6 else ()),
            Rule((), Drop(), "Silence outside: the WAN learns nothing", names.DROPPED_WAN),
        ),
    )


def _input_rules(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule((ICMP, RELATED, ANSWER), Accept(), "No black hole: errors about it, so that path MTU works (RFC 1191)"),
        Rule(
            (*_of_ipv4(ground), is_(Field.UDP_SPORT, 67), is_(Field.UDP_DPORT, 68)),
            Accept(),
            "Tunnels stand: the line's DHCP server answers to an address that we do not have yet",
        ),
        # Not only as answers: a connection entry of a quiet tunnel may age out before its keepalive.
        Rule(
            (within(names.TUNNEL_ENDPOINTS, Field.SOURCE4, Field.UDP_SPORT),),
            Accept(),
            "Tunnels stand: their outer packets, from the concentrators only",
        ),
    )


def forward_chain(ground: Ground) -> Chain:
    return Chain(
        FORWARD,
        None,
        (
            *(internet.answers(ground) if ground.has_internet else ()),
            *(direct.answers(ground) if ground.is_direct else ()),
            Rule((), Drop(), "Silence outside: nothing from the WAN reaches the LAN or the tunnel", names.DROPPED_WAN),
        ),
    )


def output_chain(ground: Ground) -> Chain:
    """What is not here falls through to the refusal at the end of `output`.

    The tunnels' packets come before any user's: the kernel's WireGuard leaves the user of an inner packet on the outer.
    """
    return Chain(
        OUTPUT,
        None,
        (
            *(wan6.strays_out(ground) if ground.outside6 else ()),
            *(_first_output_rules(ground) if ground.outside4 else ()),
            *(wan6.first_output_rules(ground) if ground.outside6 else ()),
            *map_e.room(ground),
            *(direct.gate_rules() if ground.is_direct else ()),
            Rule(
                (is_(Field.UID, names.GATE_USER, names.PAGE_USER),),
                Refuse(),
                "No leak: what speaks with the LAN has no business on the WAN, even when broken into",
                names.REFUSED_OUTPUT,
            ),
            *(_output_rules(ground) if ground.outside4 else ()),
            *(wan6.output_rules() if ground.outside6 else ()),
            *_time(ground),
            *(direct.router_rules() if ground.is_direct else ()),
        ),
    )


def _first_output_rules(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (is_(Field.DESTINATION4, *ground.inside),),
            Refuse(),
            "No leak: nothing for the data center leaves by the WAN, whatever the routes say",
            names.REFUSED_OUTPUT,
        ),
        Rule(
            (within(names.TUNNEL_ENDPOINTS, Field.DESTINATION4, Field.UDP_DPORT),),
            Accept(),
            "Tunnels stand: their outer packets, to the concentrators only",
        ),
    )


def _output_rules(ground: Ground) -> tuple[Rule, ...]:
    resolvers = within(names.WAN_RESOLVERS, Field.DESTINATION4)
    return (
        *(
            Rule((resolvers, is_(port, 53)), Accept(), "Tunnels stand: the router resolves the concentrators' names")
            for port in (Field.UDP_DPORT, Field.TCP_DPORT)
        ),
        Rule(
            (*_of_ipv4(ground), is_(Field.UDP_SPORT, 68), is_(Field.UDP_DPORT, 67)),
            Accept(),
            "Tunnels stand: the router asks the line for an address (RFC 2131)",
        ),
    )


def _of_ipv4(ground: Ground) -> tuple[Match, ...]:
    """Where a port alone would not tell the family."""
    return (is_(Field.FAMILY, "ipv4"),) if ground.outside6 else ()


def _time(ground: Ground) -> tuple[Rule, ...]:
    ntp = Rule((OF_CHRONY, is_(Field.UDP_DPORT, 123)), Accept(), "True time: the time client sets the clock (RFC 5905)")
    keys = Rule(
        (OF_CHRONY, is_(Field.TCP_DPORT, 4460)),
        Accept(),
        "True time: the time client asks who its server is (RFC 8915)",
    )
    if ground.time.nts:
        return ntp, keys
    return (ntp,) if ground.time.ntp else ()


def sets(ground: Ground) -> tuple[NamedSet, ...]:
    fixed = all(line.kind == "static" for line in ground.lines)
    servers = dict.fromkeys(server for line in ground.lines for server in line.dns)
    return (
        NamedSet(
            names.TUNNEL_ENDPOINTS, ("ipv4_addr", "inet_service"), "Tunnels stand: the concentrators, as resolved"
        ),
        NamedSet(
            names.WAN_RESOLVERS,
            ("ipv4_addr",),
            "Tunnels stand: DNS servers of the line",
            elements=tuple((server,) for server in servers) if fixed else None,
        ),
    )
