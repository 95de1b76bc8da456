"""A packet, and what a table decides on it: netfilter's semantics in the few words that our rules use.

Independent of nft, so that properties can be proven over thousands of packets; test_kernel_*.py
check that the kernel agrees.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from appliance.intent.firewall import Accept, Chain, Drop, Field, In, Jump, Match, Refuse, Table, Value

Packet = Mapping[Field, Value | bool]
"""What the packet and its connection are. A field that is not there matches nothing, not even negated (as in nft)."""
Sets = Mapping[str, set[tuple[Value, ...]]]


@dataclass(frozen=True, slots=True)
class Decision:
    """verdict: ``accept``, ``drop`` or ``refuse``. by: the rule's reason, empty for a chain's policy."""

    verdict: str
    by: str = ""


def contents(table: Table, filled: Sets) -> Sets:
    """The sets as they are with the elements of the settings and those of run time."""
    fixed = {wanted.name: set(wanted.elements) for wanted in table.sets if wanted.elements is not None}
    empty: Sets = {wanted.name: set() for wanted in table.sets if wanted.elements is None}
    return {**empty, **fixed, **filled}


def decide(table: Table, hook: str, packet: Packet, sets: Sets, priority: str = "filter") -> Decision:
    """Run the base chain of `hook` at `priority`, with the policy at its end."""
    chains = {chain.name: chain for chain in table.chains}
    base = next(
        chain
        for chain in table.chains
        if chain.hook and (chain.hook.type, chain.hook.hook, chain.hook.priority) == ("filter", hook, priority)
    )
    assert base.hook is not None
    return _walk(chains, base, packet, sets) or Decision(base.hook.policy)


def _walk(chains: Mapping[str, Chain], chain: Chain, packet: Packet, sets: Sets) -> Decision | None:
    for rule in chain.rules:
        if not all(holds(match, packet, sets) for match in rule.matches):
            continue
        match rule.verdict:
            case Accept():
                return Decision("accept", rule.why)
            case Drop():
                return Decision("drop", rule.why)
            case Refuse():
                return Decision("refuse", rule.why)
            case Jump(name):
                found = _walk(chains, chains[name], packet, sets)
                if found:
                    return found
    return None


def holds(match: Match, packet: Packet, sets: Sets) -> bool:
    values = tuple(packet.get(field) for field in match.fields)
    if any(value is None for value in values):
        return False
    if isinstance(match.values, In):
        found = values in sets[match.values.set_name]
    elif not match.values:
        found = bool(values[0])
    else:
        found = any(_same(values[0], wanted) for wanted in match.values)
    return found is not match.negate


def _same(value: object, wanted: Value) -> bool:
    if isinstance(wanted, IPv4Network):
        return isinstance(value, IPv4Address) and value in wanted
    if isinstance(wanted, IPv6Network):
        return isinstance(value, IPv6Address) and value in wanted
    return value == wanted
