"""The LAN side: terminals reach proven engines, everybody the router's few services; the rest is refused at once.

Every packet of a terminal must find its engine in a timed set, not only the first: when the
proof lapses, the next packet of an established connection is answered with a reset. What the
engine sends meanwhile may still arrive (it belongs to a session whose peer was proven, and
the terminal's acknowledgement is what gets the reset): a client without time-outs would wait
for ever on a silent cut.
"""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Accept, Chain, Drop, Field, Offload, Refuse, Rule
from appliance.intent.model import PROBE_MARK
from appliance.intent.rules.ground import (
    ANSWER,
    ECHO_REQUEST,
    KNOWN,
    NEW_OR_KNOWN,
    QUESTION,
    REDIRECTED,
    RESET,
    TCP,
    UNKNOWN,
    Ground,
    is_,
    outside,
    within,
)

INPUT, FORWARD, OUTPUT = "lan_input", "lan_forward", "lan_output"

LISTED = within(names.TERMINALS, Field.SOURCE4, Field.ETHER_SOURCE)
PROVEN = within(names.ENGINE_VERIFIED, Field.DESTINATION4, Field.TCP_DPORT)


def input_chain(ground: Ground) -> Chain:
    to_router = is_(Field.DESTINATION4, ground.lan.address.ip)
    serves_dhcp = ground.lan.dhcp_first is not None
    return Chain(
        INPUT,
        None,
        (
            *(_dhcp_requests() if serves_dhcp else ()),
            Rule(
                (is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast"),),
                Drop(),
                "Errors never answer broadcasts (RFC 1122 3.2.2); their noise is not counted",
            ),
            *_refusals(),
            Rule((KNOWN, ANSWER), Accept(), "Answers to the router's own pings"),
            Rule((to_router, is_(Field.UDP_DPORT, 53)), Accept(), "The router answers names for the LAN"),
            Rule((to_router, is_(Field.TCP_DPORT, 53)), Accept(), "The router answers names for the LAN"),
            Rule((to_router, is_(Field.UDP_DPORT, 123)), Accept(), "The router tells the LAN the time (RFC 5905)"),
            Rule(
                (to_router, TCP, REDIRECTED, is_(Field.TCP_DPORT, names.PAGE_PORT)),
                Accept(),
                "Everybody on the LAN may look at the lights",
            ),
            *(_gate(ground.gate_ports) if ground.gate_ports else ()),
            Rule((to_router, ECHO_REQUEST), Accept(), "The router answers ping on the LAN"),
            _the_rest(),
        ),
    )


def forward_chain(ground: Ground) -> Chain:
    return Chain(
        FORWARD,
        None,
        (
            *_refusals(),
            *(_fast_path(ground) if ground.passthrough_ports else ()),
            Rule(
                (ground.to_tunnels, LISTED, TCP, NEW_OR_KNOWN, QUESTION, PROVEN),
                Accept(),
                "Closed unless proven: a listed terminal, to an engine whose proof is fresh",
            ),
            _the_rest(),
        ),
    )


def output_chain(ground: Ground) -> Chain:
    """What is not here falls through to the refusal at the end of `output`."""
    serves_dhcp = ground.lan.dhcp_first is not None
    return Chain(
        OUTPUT,
        None,
        (
            Rule(
                (TCP, is_(Field.MARK, PROBE_MARK)),
                Accept(),
                "Our probe that wakes a terminal's cut connection",
            ),
            Rule(
                (is_(Field.CT_STATE, "established", "related"),),
                Accept(),
                "Answers to what the LAN asked, refusals included",
            ),
            # A refusal of what conntrack does not know belongs to no connection either.
            Rule((RESET,), Accept(), "Refuse at once: resets of unknown connections"),
            Rule(
                (is_(Field.ICMP_TYPE, "destination-unreachable", "time-exceeded", "parameter-problem"),),
                Accept(),
                "Refuse at once: errors about unknown connections",
            ),
            *(_dhcp_answers() if serves_dhcp else ()),
            Rule((ECHO_REQUEST,), Accept(), "The DHCP server asks whether an address is in use (RFC 2131 2.2)"),
        ),
    )


def _refusals() -> tuple[Rule, ...]:
    return (
        Rule(
            (
                within(names.TERMINAL_ADDRESSES, Field.SOURCE4),
                outside(names.TERMINALS, Field.SOURCE4, Field.ETHER_SOURCE),
            ),
            Refuse(),
            "A terminal's address on another machine opens nothing",
            names.REFUSED_IMPOSTOR,
        ),
        Rule((UNKNOWN,), Refuse(), "Refuse at once: connections that did not begin here", names.REFUSED_LAN),
    )


def _fast_path(ground: Ground) -> tuple[Rule, ...]:
    return (
        Rule(
            (
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
            "What is established takes the fast path, where every packet meets `fast_path_guard` first",
        ),
    )


def _dhcp_requests() -> tuple[Rule, ...]:
    return (
        Rule(
            (is_(Field.UDP_SPORT, 68), is_(Field.UDP_DPORT, 67)),
            Accept(),
            "The router gives addresses to the LAN (RFC 2131)",
        ),
    )


def _dhcp_answers() -> tuple[Rule, ...]:
    return (
        Rule(
            (is_(Field.UDP_SPORT, 67), is_(Field.UDP_DPORT, 68)),
            Accept(),
            "The router gives addresses to the LAN (RFC 2131)",
        ),
    )


def _gate(ports: tuple[int, ...]) -> tuple[Rule, ...]:
    proven = within(names.GATE_VERIFIED, Field.CT_ORIGINAL_DESTINATION4, Field.CT_ORIGINAL_DPORT)
    return (
        Rule(
            (LISTED, TCP, REDIRECTED, is_(Field.TCP_DPORT, *ports), proven),
            Accept(),
            "Closed unless proven: a listed terminal, to the gate of an engine whose proof is fresh",
            names.PASSED_GATE,
        ),
    )


def _the_rest() -> Rule:
    return Rule((), Refuse(), "Refuse at once, never silence", names.REFUSED_LAN)
