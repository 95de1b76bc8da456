"""A terminal that staff have switched from the receipt engine to the internet, for a time that the kernel counts.

Never both at once: a terminal that is on the internet could carry what it finds there into the
receipt engine. So in this state its way to the engines is closed, and when the time is up its
next packet to the internet is refused, whoever is alive.
"""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Accept, Chain, Field, Jump, Masquerade, NamedSet, RedirectTo, Refuse, Rule
from appliance.intent.rules import map_e
from appliance.intent.rules.ground import (
    ANSWER,
    ICMP,
    KNOWN,
    LISTED,
    NEW_OR_KNOWN,
    ON_INTERNET,
    QUESTION,
    REDIRECTED,
    RELATED,
    Ground,
    is_,
)

FORWARD = "internet_forward"


def jump() -> tuple[Rule, ...]:
    return (Rule((LISTED, ON_INTERNET), Jump(FORWARD), "Never both: what a terminal sends that is on the internet"),)


def forward_chain(ground: Ground) -> Chain:
    """What is not here goes on in `lan_forward`, as for everybody else in its segment."""
    return Chain(
        FORWARD,
        None,
        (
            Rule(
                (ground.to_tunnels,),
                Refuse(),
                "Never both: who is on the internet reaches no engine",
                names.REFUSED_LAN,
            ),
            Rule(
                (ground.to_wan, is_(Field.DESTINATION4, *ground.inside)),
                Refuse(),
                "No leak: nothing for the data center leaves by the WAN, whatever the routes say",
                names.REFUSED_LAN,
            ),
            *map_e.room(ground),
            Rule(
                (ground.to_wan, NEW_OR_KNOWN, QUESTION),
                Accept(),
                "Never both: on the internet until the kernel's time is up",
                names.PASSED_INTERNET,
            ),
        ),
    )


def answers(ground: Ground) -> tuple[Rule, ...]:
    """By connection, and only terminals on the internet have any: see docs/firewall.md, Decisions."""
    return (
        Rule(
            (ground.to_lan, is_(Field.FAMILY, "ipv4"), KNOWN, ANSWER),
            Accept(),
            "Never both: the internet's answers to a terminal that may ask it",
        ),
        Rule(
            (ground.to_lan, ICMP, RELATED, ANSWER),
            Accept(),
            "No black hole: errors about a terminal's connection, so that path MTU works (RFC 1191)",
        ),
    )


def name_redirects(ground: Ground) -> tuple[Rule, ...]:
    return tuple(
        Rule(
            (ground.from_lan, LISTED, ON_INTERNET, is_(Field.DESTINATION4, *ground.routers), is_(port, 53)),
            RedirectTo(ground.lan.address.ip, names.OUTSIDE_NAMES_PORT),
            "Never both: a terminal on the internet asks the line's names",
        )
        for port in (Field.UDP_DPORT, Field.TCP_DPORT)
    )


def names_served() -> tuple[Rule, ...]:
    return tuple(
        Rule(
            (LISTED, ON_INTERNET, REDIRECTED, is_(port, names.OUTSIDE_NAMES_PORT)),
            Accept(),
            "Never both: the router answers the line's names for a terminal on the internet",
        )
        for port in (Field.UDP_DPORT, Field.TCP_DPORT)
    )


def source_nat(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (ground.to_wan, is_(Field.SOURCE4, *ground.lan.networks)),
            Masquerade(),
            "Never both: a terminal on the internet has the line's address there",
        ),
    )


def terminals_set() -> NamedSet:
    return NamedSet(
        names.INTERNET_TERMINALS,
        ("ipv4_addr", "ether_addr"),
        "Never both: terminals switched to the internet; expires by itself",
        timeout=True,
    )
