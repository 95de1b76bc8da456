"""The tunnels' side: the data center sees one inner address that measures, proves and carries, and nothing else.

The prover must reach addresses that are not proven yet, the gate never: the kernel tells them
apart by user. A packet without an owner (the end of a connection whose process died, a last
acknowledgement in TIME_WAIT) carries what the gate left behind, so it passes only to an
engine whose proof is fresh; a reset carries nothing and always passes.
"""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Accept, Chain, Drop, Field, Refuse, Rule
from appliance.intent.rules import maintenance
from appliance.intent.rules.ground import (
    ANSWER,
    ECHO_REQUEST,
    ICMP,
    KNOWN,
    NEW_OR_KNOWN,
    OF_CHRONY,
    PROVEN,
    PROVEN_FOR_GATE,
    QUESTION,
    RELATED,
    RESET,
    ROOT,
    TCP,
    Ground,
    is_,
)

INPUT, FORWARD, OUTPUT = "tunnel_input", "tunnel_forward", "tunnel_output"

BFD_CONTROL = 3784
"""UDP port of single-hop BFD (RFC 5881 section 4)."""


def chains(ground: Ground) -> tuple[Chain, ...]:
    return (input_chain(ground), forward_chain(ground), output_chain(ground))


def input_chain(ground: Ground) -> Chain:
    return Chain(
        INPUT,
        None,
        (
            *(
                Rule(
                    (
                        is_(Field.IIF, interface),
                        is_(Field.SOURCE4, peer),
                        is_(Field.DESTINATION4, *ground.inner),
                        is_(Field.UDP_DPORT, BFD_CONTROL),
                        is_(Field.TTL, 255),
                    ),
                    Accept(),
                    "Center is heard: the far end measures the path, nobody further away (RFC 5881 section 5)",
                )
                for interface, peer in ground.neighbours
            ),
            Rule((KNOWN, ANSWER), Accept(), "Center is heard: answers to the prover, the gate and the resolver"),
            Rule(
                (ICMP, RELATED, ANSWER), Accept(), "No black hole: errors about it, so that path MTU works (RFC 1191)"
            ),
            *(_monitoring(ground) if ground.monitoring else ()),
            Rule((), Drop(), "Center kept out: nobody there opens a connection to the clinic", names.DROPPED_TUNNEL),
        ),
    )


def forward_chain(ground: Ground) -> Chain:
    return Chain(
        FORWARD,
        None,
        (
            Rule(
                (ground.to_lan, TCP, KNOWN, ANSWER), Accept(), "Center is heard: the engine's answers to its terminal"
            ),
            Rule(
                (ground.to_lan, ICMP, RELATED, ANSWER),
                Accept(),
                "No black hole: errors about a terminal's connection, so that path MTU works (RFC 1191)",
            ),
            *(maintenance.from_tunnels(ground) if ground.has_maintenance else ()),
            Rule((), Drop(), "Center kept out: nobody there opens a connection to the clinic", names.DROPPED_TUNNEL),
        ),
    )


def output_chain(ground: Ground) -> Chain:
    """What is not here falls through to the refusal at the end of `output`."""
    return Chain(
        OUTPUT,
        None,
        (
            *(
                Rule(
                    (is_(Field.OIF, interface), is_(Field.DESTINATION4, peer), is_(Field.UDP_DPORT, BFD_CONTROL)),
                    Accept(),
                    "Fail-over: the router measures the path to the far end (RFC 5881)",
                )
                for interface, peer in ground.neighbours
            ),
            *(
                Rule(
                    (
                        is_(Field.OIF, interface),
                        is_(Field.UID, ROOT),
                        is_(Field.DESTINATION4, peer),
                        ECHO_REQUEST,
                    ),
                    Accept(),
                    "No black hole: the router measures how large packets may be (RFC 8899)",
                )
                for interface, peer in ground.neighbours
            ),
            Rule((RESET,), Accept(), "Gate's reach: a reset carries nothing and lets the engine forget the connection"),
            Rule(
                (is_(Field.UID, names.GATE_USER), TCP, NEW_OR_KNOWN, PROVEN_FOR_GATE),
                Accept(),
                "Gate's reach: only engines whose proof is fresh",
            ),
            Rule(
                (is_(Field.UID, names.GATE_USER, names.PAGE_USER),),
                Refuse(),
                "Gate's reach: a lapsed proof ends the gate's connection, whoever is alive",
                names.REFUSED_OUTPUT,
            ),
            Rule(
                (is_(Field.DESTINATION4, *ground.tunnel_dns), is_(Field.UDP_DPORT, 53)),
                Accept(),
                "Prover's reach: the engines' names are resolved inside the tunnel",
            ),
            Rule(
                (is_(Field.DESTINATION4, *ground.tunnel_dns), is_(Field.TCP_DPORT, 53)),
                Accept(),
                "Prover's reach: the engines' names are resolved inside the tunnel",
            ),
            *_time(ground),
            Rule(
                (
                    is_(Field.UID, ROOT),
                    is_(Field.DESTINATION4, *ground.prefixes),
                    is_(Field.TCP_DPORT, *ground.asked_ports),
                ),
                Accept(),
                "Prover's reach: engines, to prove them, and the trust list",
            ),
            *(
                Rule(
                    (TCP, KNOWN, QUESTION, proven),
                    Accept(),
                    "Gate's reach: the end of a connection whose process is gone, to an engine whose proof is fresh",
                )
                for proven in (PROVEN_FOR_GATE, PROVEN)
            ),
            Rule((KNOWN, ANSWER), Accept(), "Center is heard: answers to monitoring"),
        ),
    )


def _monitoring(ground: Ground) -> tuple[Rule, ...]:
    asked_by = (is_(Field.SOURCE4, *ground.monitoring), is_(Field.DESTINATION4, *ground.inner))
    return (
        Rule(
            (*asked_by, NEW_OR_KNOWN, is_(Field.TCP_DPORT, names.METRICS_PORT)),
            Accept(),
            "Center is heard: monitoring reads the metrics, through the tunnel only",
        ),
        Rule(
            (*asked_by, ECHO_REQUEST), Accept(), "Center is heard: monitoring pings the router, through the tunnel only"
        ),
    )


def _time(ground: Ground) -> tuple[Rule, ...]:
    if not ground.time.inside:
        return ()
    return (
        Rule(
            (OF_CHRONY, is_(Field.DESTINATION4, *ground.time.inside), is_(Field.UDP_DPORT, 123)),
            Accept(),
            "True time: the time client sets the clock by the data center's (RFC 5905)",
        ),
    )
