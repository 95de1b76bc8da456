"""The LAN side: terminals reach proven engines, everybody the router's few services; the rest is refused at once.

Every packet of a terminal must find its engine in a timed set, not only the first: when the
proof lapses, the next packet of an established connection is answered with a reset. What the
engine sends meanwhile may still arrive (it belongs to a session whose peer was proven, and
the terminal's acknowledgement is what gets the reset): a client without time-outs would wait
for ever on a silent cut.
"""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Accept, Chain, Drop, Field, Jump, Match, Offload, Refuse, Rule
from appliance.intent.model import PROBE_MARK
from appliance.intent.rules import direct, internet, maintenance, segments, strangers
from appliance.intent.rules.ground import (
    ANSWER,
    ECHO_REQUEST,
    KNOWN,
    LISTED,
    NEW_OR_KNOWN,
    NOT_ON_INTERNET,
    PROVEN,
    QUESTION,
    REDIRECTED,
    RESET,
    TCP,
    UNKNOWN,
    Ground,
    is_,
    within,
)

INPUT, FORWARD, OUTPUT = "lan_input", "lan_forward", "lan_output"
IMPOSTORS = "impostors"

_IMPOSTOR = Rule(
    strangers.IN_A_TERMINALS_NAME,
    Jump(IMPOSTORS),
    "No impostor: a terminal's address on another machine opens nothing",
)


def impostors_chain() -> Chain:
    """A chain of its own, so that whoever is none is asked once."""
    return Chain(
        IMPOSTORS,
        None,
        (
            strangers.note(),
            Rule((), Refuse(), "No impostor: refused at once, and counted", names.REFUSED_IMPOSTOR),
        ),
    )


def input_chain(ground: Ground) -> Chain:
    to_router = is_(Field.DESTINATION4, *ground.routers)
    return Chain(
        INPUT,
        None,
        (
            *(_dhcp_requests(ground) if ground.serves_dhcp else ()),
            Rule(
                (is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast"),),
                Drop(),
                "Refuse at once: but errors never answer broadcasts (RFC 1122 3.2.2), and noise is not counted",
            ),
            _IMPOSTOR,
            Rule((UNKNOWN,), Refuse(), "Refuse at once: connections that did not begin here", names.REFUSED_LAN),
            Rule((KNOWN, ANSWER), Accept(), "LAN is served: answers to the router's own pings"),
            Rule((to_router, is_(Field.UDP_DPORT, 53)), Accept(), "LAN is served: the router answers names"),
            Rule((to_router, is_(Field.TCP_DPORT, 53)), Accept(), "LAN is served: the router answers names"),
            Rule(
                (to_router, is_(Field.UDP_DPORT, 123)), Accept(), "True time: the router tells it to the LAN (RFC 5905)"
            ),
            Rule(
                (to_router, TCP, REDIRECTED, is_(Field.TCP_DPORT, names.PAGE_PORT, names.PAGE_REDIRECT_PORT)),
                Accept(),
                "No side door: everybody on the LAN may look at the lights, at the page's own ports only",
            ),
            *(_gate(ground) if ground.gate_ports else ()),
            *(internet.names_served() if ground.has_internet else ()),
            Rule((to_router, ECHO_REQUEST), Accept(), "LAN is served: the router answers ping"),
            _the_rest(),
        ),
    )


def forward_chain(ground: Ground) -> Chain:
    return Chain(
        FORWARD,
        None,
        (
            _IMPOSTOR,
            *(segments.turning_round() if ground.has_behind else ()),
            *(internet.jump() if ground.has_internet else ()),
            *(_fast_path(ground) if ground.has_fast_path else ()),
            *(direct.jump(ground) if ground.is_direct else (_to_engines(ground),)),
            *(segments.ways(ground) if ground.has_ways else ()),
            *(maintenance.answers(ground) if ground.has_maintenance else ()),
            *(
                (strangers.note(is_(Field.DESTINATION4, *ground.prefixes), *strangers.NOT_LISTED),)
                if ground.prefixes
                else ()
            ),
            _the_rest(),
        ),
    )


def output_chain(ground: Ground) -> Chain:
    """What is not here falls through to the refusal at the end of `output`."""
    return Chain(
        OUTPUT,
        None,
        (
            Rule(
                (TCP, is_(Field.MARK, PROBE_MARK)),
                Accept(),
                "Wake-up: our probe of a terminal's cut connection",
            ),
            Rule(
                (is_(Field.CT_STATE, "established", "related"),),
                Accept(),
                "LAN is served: answers to what it asked, refusals included",
            ),
            # A refusal of what conntrack does not know belongs to no connection either.
            Rule((RESET,), Accept(), "Refuse at once: resets of unknown connections"),
            Rule(
                (is_(Field.ICMP_TYPE, "destination-unreachable", "time-exceeded", "parameter-problem"),),
                Accept(),
                "Refuse at once: errors about unknown connections",
            ),
            *(_dhcp_answers(ground) if ground.serves_dhcp else ()),
            *(_names_asked_inside(ground) if ground.lan.forwards else ()),
            Rule(
                (ECHO_REQUEST,),
                Accept(),
                "LAN is served: the DHCP server asks whether an address is in use (RFC 2131 2.2)",
            ),
        ),
    )


def _to_engines(ground: Ground) -> Rule:
    return Rule(
        (ground.to_tunnels, LISTED, TCP, NEW_OR_KNOWN, QUESTION, PROVEN),
        Accept(),
        "Closed unless proven: a listed terminal, to an engine whose proof is fresh",
    )


def _fast_path(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (
                # The guard stands on the LAN's own port only.
                *((is_(Field.IIF, ground.lan.interface),) if len(ground.lan.segments) > 1 else ()),
                ground.to_tunnels,
                # What the guard knows a connection on the fast path by.
                is_(Field.DESTINATION4, *ground.prefixes),
                is_(Field.TCP_DPORT, *ground.passthrough_ports),
                LISTED,
                KNOWN,
                QUESTION,
                PROVEN,
            ),
            Offload(names.FAST_PATH),
            "Fast path guarded: what is established takes it, where every packet meets `fast_path_guard` first",
        ),
    )


def _dhcp_requests(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (*_where(Field.IIF, ground), is_(Field.UDP_SPORT, 68), is_(Field.UDP_DPORT, 67)),
            Accept(),
            "LAN is served: the router gives addresses (RFC 2131)",
        ),
    )


def _dhcp_answers(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (*_where(Field.OIF, ground), is_(Field.UDP_SPORT, 67), is_(Field.UDP_DPORT, 68)),
            Accept(),
            "LAN is served: the router gives addresses (RFC 2131)",
        ),
    )


def _where(field: Field, ground: Ground) -> tuple[Match, ...]:
    """Nothing to ask where the router serves every segment."""
    return () if ground.serves_dhcp == ground.lan.interfaces else (is_(field, *ground.serves_dhcp),)


def _names_asked_inside(ground: Ground) -> tuple[Rule, ...]:
    servers = dict.fromkeys(server for forward in ground.lan.forwards for server in forward.servers)
    return tuple(
        Rule(
            (is_(Field.UID, names.NAMES_USER), is_(Field.DESTINATION4, *servers), is_(port, 53)),
            Accept(),
            "LAN is served: names that the clinic's own DNS servers answer, such as the insurers'",
        )
        for port in (Field.UDP_DPORT, Field.TCP_DPORT)
    )


def _gate(ground: Ground) -> tuple[Rule, ...]:
    proven = within(names.GATE_VERIFIED, Field.CT_ORIGINAL_DESTINATION4, Field.CT_ORIGINAL_DPORT)
    return (
        Rule(
            (
                LISTED,
                *((NOT_ON_INTERNET,) if ground.has_internet else ()),
                TCP,
                REDIRECTED,
                is_(Field.TCP_DPORT, *ground.gate_ports),
                proven,
            ),
            Accept(),
            "Proven by the gate: a listed terminal, to the gate of an engine whose proof is fresh",
            names.PASSED_GATE,
        ),
    )


def _the_rest() -> Rule:
    return Rule((), Refuse(), "Refuse at once: never silence", names.REFUSED_LAN)
