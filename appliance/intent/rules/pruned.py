"""A table without what can never be: rules that match nothing, and chains that nothing leads to.

A router without lines, tunnels or terminals needs no rules of its own: the same ones are written, and what would be
about nothing falls away.
"""

from __future__ import annotations

from dataclasses import replace

from appliance.intent.firewall import Chain, Field, Jump, Match, Rule, Table, TakeTurns

_BY_THEMSELVES = frozenset({Field.TCP_FLAGS_SYN, Field.TCP_FLAGS_RST, Field.CT_ENDS})
"""Fields that are a condition without any value."""


def pruned(table: Table) -> Table:
    chains = tuple(
        replace(chain, rules=tuple(rule for rule in chain.rules if not _matches_nothing(rule)))
        for chain in table.chains
    )
    # Some are led to only once a line has said what it gives (`rules.map_e`).
    lost = _led_to(table.chains) - _led_to(chains)
    return replace(table, chains=tuple(chain for chain in chains if chain.name not in lost))


def _led_to(chains: tuple[Chain, ...]) -> set[str]:
    """Names of the chains that packets come to from where the kernel hands them over."""
    found: set[str] = set()
    to_follow = [chain for chain in chains if chain.hook]
    while to_follow:
        targets = {name for rule in to_follow.pop().rules for name in _leads_to(rule)} - found
        found |= targets
        to_follow += [chain for chain in chains if chain.name in targets]
    return found


def _leads_to(rule: Rule) -> tuple[str, ...]:
    match rule.verdict:
        case Jump(chain):
            return (chain,)
        case TakeTurns(chains):
            return chains
    return ()


def _matches_nothing(rule: Rule) -> bool:
    return any(_is_of_none(match) for match in rule.matches)


def _is_of_none(match: Match) -> bool:
    return match.values == () and not match.negate and not _BY_THEMSELVES.intersection(match.fields)
