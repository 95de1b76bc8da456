"""The fast path past the rules, and the guard before it: the promises that hold for every packet hold there too.

A flow table forwards what belongs to a connection it knows, straight from its ingress hook. The
guard stands on the LAN's side ahead of that hook and asks of every packet of a terminal what
`lan_forward` asks: the terminal's own card, and a fresh proof. It needs no process of ours.
"""

from __future__ import annotations

from ipaddress import IPv4Network

from appliance.intent import names
from appliance.intent.firewall import Accept, Chain, Field, FlowTable, Hook, Refuse, Rule
from appliance.intent.rules import strangers
from appliance.intent.rules.ground import LISTED, ON_INTERNET, PROVEN, Ground, is_, outside, within


def flow_tables(ground: Ground) -> tuple[FlowTable, ...]:
    if not ground.has_fast_path:
        return ()
    return (flow_table(ground.lan.interface, *(interface for interface, _ in ground.neighbours)),)


def guard(lan: str, prefixes: tuple[IPv4Network, ...], ports: tuple[int, ...], has_internet: bool = False) -> Chain:
    """Only for packets that a connection on the fast path could have; `forged` and the LAN chains judge the rest.

    has_internet: a terminal can be switched to the internet.
    """
    on_internet = Rule(
        (ON_INTERNET, is_(Field.DESTINATION4, *prefixes), is_(Field.TCP_DPORT, *ports)),
        Refuse(),
        "Never both: who is on the internet reaches no engine",
        names.REFUSED_LAN,
    )
    return Chain(
        "fast_path_guard",
        Hook("filter", "ingress", "-10", "accept", (lan,)),
        (
            *((on_internet,) if has_internet and ports else ()),
            Rule(
                (LISTED, PROVEN),
                Accept(),
                "Fast path guarded: a listed terminal, an engine whose proof is fresh",
                names.PASSED_ENGINE,
            ),
            *(_refusals(prefixes, ports) if ports else ()),
        ),
    )


def _refusals(prefixes: tuple[IPv4Network, ...], ports: tuple[int, ...]) -> tuple[Rule, ...]:
    ours = (
        within(names.TERMINAL_ADDRESSES, Field.SOURCE4),
        is_(Field.DESTINATION4, *prefixes),
        is_(Field.TCP_DPORT, *ports),
    )
    impostor = (*ours, *strangers.NOT_LISTED)
    return (
        strangers.note(*impostor),
        Rule(
            impostor,
            Refuse(),
            "No impostor: a terminal's address on another machine does not ride on its connection",
            names.REFUSED_IMPOSTOR,
        ),
        Rule(
            (*ours, outside(names.GATE_VERIFIED, Field.DESTINATION4, Field.TCP_DPORT)),
            Refuse(),
            "Fast path guarded: a lapsed proof closes it at the next packet, whoever is alive",
            names.REFUSED_LAN,
        ),
    )


def flow_table(*devices: str) -> FlowTable:
    return FlowTable(
        names.FAST_PATH, "filter", devices, "Established connections of terminals with proven engines cost least"
    )
