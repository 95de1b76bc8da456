"""Who is refused for not being listed so is remembered for a while, so that people can be told whom to list.

Beside the refusals, never instead of them: a set that somebody has filled with invented cards takes no more of them,
and refuses nobody less.
"""

from __future__ import annotations

from appliance.intent import names
from appliance.intent.firewall import Field, Match, NamedSet, Note, Rule
from appliance.intent.rules.ground import outside, within

SECONDS = 600
"""How long after its last packet a machine is remembered."""
MOST = 64
"""Machines that are remembered at a time."""

IN_A_TERMINALS_NAME = (
    within(names.TERMINAL_ADDRESSES, Field.SOURCE4),
    outside(names.TERMINALS, Field.SOURCE4, Field.ETHER_SOURCE),
)
NOT_LISTED = (outside(names.TERMINALS, Field.SOURCE4, Field.ETHER_SOURCE),)


def note(*matches: Match) -> Rule:
    return Rule(
        matches,
        Note(names.STRANGERS, (Field.SOURCE4, Field.ETHER_SOURCE), SECONDS),
        "Strangers told: who is refused for not being listed so",
    )


def remembered() -> NamedSet:
    return NamedSet(
        names.STRANGERS,
        ("ipv4_addr", "ether_addr"),
        "Strangers told: machines that were refused a moment ago; forgotten by itself",
        timeout=True,
        dynamic=True,
        size=MOST,
    )
