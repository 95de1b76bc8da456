"""Engines whose way is the internet: an account without tunnels (TLS alone protects what passes).

What a tunnel's prefixes bound elsewhere, sets bound here: by the line leaves nothing but what is for a
proven engine, and what the prover asks is for the addresses that the line's DNS gave for the engines'
names, for as long as it asks.
"""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Accept, Chain, Field, Jump, Masquerade, NamedSet, Refuse, Rule
from appliance.intent.rules import map_e
from appliance.intent.rules.ground import (
    ANSWER,
    ICMP,
    KNOWN,
    LISTED,
    NEW_OR_KNOWN,
    PROVEN,
    PROVEN_FOR_GATE,
    QUESTION,
    RELATED,
    ROOT,
    TCP,
    Ground,
    is_,
    within,
)

FORWARD = "engine_forward"


def jump(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (ground.to_wan, LISTED, TCP, NEW_OR_KNOWN, QUESTION, PROVEN),
            Jump(FORWARD),
            "Closed unless proven: a listed terminal, to an engine whose proof is fresh",
        ),
    )


def forward_chain(ground: Ground) -> Chain:
    return Chain(
        FORWARD,
        None,
        (
            Rule(
                (is_(Field.DESTINATION4, *ground.inside),),
                Refuse(),
                "No leak: nothing for the clinic leaves by the WAN, whatever the routes say",
                names.REFUSED_LAN,
            ),
            *map_e.room(ground),
            Rule((), Accept(), "Closed unless proven: this account's way to the engines is the internet"),
        ),
    )


def answers(ground: Ground) -> tuple[Rule, ...]:
    """By connection, and only to proven engines there are any: see docs/firewall.md, Decisions."""
    return (
        Rule(
            (ground.to_lan, is_(Field.FAMILY, "ipv4"), TCP, KNOWN, ANSWER),
            Accept(),
            "Closed unless proven: the engine's answers to its terminal",
        ),
        Rule(
            (ground.to_lan, ICMP, RELATED, ANSWER),
            Accept(),
            "No black hole: errors about a terminal's connection, so that path MTU works (RFC 1191)",
        ),
    )


def gate_rules() -> tuple[Rule, ...]:
    """Before the gate is refused everything else."""
    return (
        Rule(
            (is_(Field.UID, names.GATE_USER), TCP, NEW_OR_KNOWN, PROVEN_FOR_GATE),
            Accept(),
            "Gate's reach: only engines whose proof is fresh",
        ),
    )


def router_rules() -> tuple[Rule, ...]:
    asked = within(names.ENGINES_ASKED, Field.DESTINATION4, Field.TCP_DPORT)
    return (
        Rule(
            (is_(Field.UID, ROOT), TCP, NEW_OR_KNOWN, asked),
            Accept(),
            "Prover's reach: an engine's address, as the line's DNS gave it, to prove it",
        ),
        *(
            Rule(
                (TCP, KNOWN, QUESTION, proven),
                Accept(),
                "Gate's reach: the end of a connection whose process is gone, to an engine whose proof is fresh",
            )
            for proven in (PROVEN_FOR_GATE, PROVEN)
        ),
    )


def source_nat(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (ground.to_wan, is_(Field.SOURCE4, *ground.lan.networks)),
            Masquerade(),
            "Closed unless proven: on the internet a terminal has the line's address",
        ),
    )


def asked_set() -> NamedSet:
    return NamedSet(
        names.ENGINES_ASKED,
        ("ipv4_addr", "inet_service"),
        "Prover's reach: addresses of the engines' names that are asked for proof; expires by itself",
        timeout=True,
    )
