"""Between the clinic's own networks: what the settings open, and what turns round to an inner router."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.proving import always

THROUGH = Way.THROUGH


@always("Between segments only what the settings open", THROUGH)
def a_connection_between_segments_is_opened_only_where_the_settings_say(f: Facts, p: Journey) -> z3.BoolRef:
    """What answers one, or tells of an error in one, passes by the connection."""
    between = z3.And(f.from_lan(p.wire), f.to_lan(p.routed), p.passes)
    by_connection = z3.Or(f.answer(p.routed), _tells_of_an_error(p))
    return z3.Implies(
        z3.And(between, z3.Not(f.stays_on_its_wire(p.routed)), z3.Not(by_connection)),
        z3.And(f.may_open(p.routed), f.question(p.routed)),
    )


@always("Between segments only what the settings open", THROUGH)
def what_the_settings_open_between_segments_passes(f: Facts, p: Journey) -> z3.BoolRef:
    """Also for a terminal on the internet."""
    passes = z3.Or(
        z3.And(f.may_open(p.routed), f.question(p.routed)),
        z3.And(f.any_may_open, z3.Or(f.answer(p.routed), _tells_of_an_error(p))),
    )
    return z3.Implies(z3.And(_is_honest(f, p), f.to_lan(p.routed), passes), p.passes)


@always("Between segments only what the settings open", THROUGH)
def to_an_inner_router_on_its_own_wire_everybody_turns_round(f: Facts, p: Journey) -> z3.BoolRef:
    """Half of a conversation: without connection tracking."""
    turns = z3.And(f.turns_round(p.wire), f.stays_on_its_wire(p.routed), z3.Not(f.asks_for_address(p.wire)))
    return z3.Implies(z3.And(_is_honest(f, p), turns), z3.And(p.passes, p.untracked))


@always("Between segments only what the settings open", THROUGH)
def on_its_own_wire_nothing_turns_round_but_to_inner_routers(f: Facts, p: Journey) -> z3.BoolRef:
    """What has no connection."""
    no_connection = p.routed.is_(Field.CT_STATE, "untracked", "invalid")
    round_ = z3.And(f.turns_round(p.wire), f.stays_on_its_wire(p.routed))
    return z3.Implies(z3.And(p.passes, no_connection), round_)


@always("Between segments only what the settings open", THROUGH)
def what_passes_between_segments_is_counted(f: Facts, p: Journey) -> z3.BoolRef:
    """But errors."""
    between = z3.And(f.from_lan(p.wire), f.to_lan(p.routed), p.passes)
    return p.is_counted(names.PASSED_SEGMENT) == z3.And(between, z3.Not(_tells_of_an_error(p)))


def _is_honest(f: Facts, p: Journey) -> z3.BoolRef:
    """And no engine is where it is going."""
    lies = z3.Or(f.is_forged_on_lan(p.wire), f.is_impostor(p.wire))
    return z3.And(f.from_lan(p.wire), z3.Not(z3.Or(lies, f.is_stopped_at_the_guard(p.wire))))


def _tells_of_an_error(p: Journey) -> z3.BoolRef:
    return z3.And(p.routed.is_(Field.CT_STATE, "related"), p.routed.is_(Field.L4PROTO, "icmp"))
