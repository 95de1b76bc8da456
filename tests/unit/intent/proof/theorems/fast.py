"""The fast path past the rules: the guard before it asks what the rules ask."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.proving import always

THROUGH, FAST = Way.THROUGH, Way.FAST


@always("The same on the fast path, whoever is alive", THROUGH)
def only_guarded_connections_are_fast(f: Facts, p: Journey) -> z3.BoolRef:
    """Whose packets the guard knows by their addresses alone."""
    return z3.Implies(
        p.offloaded,
        z3.And(
            p.passes,
            f.could_be_fast(p.wire),
            p.wire.fields[Field.DESTINATION4].value == p.routed.fields[Field.DESTINATION4].value,
            p.wire.fields[Field.TCP_DPORT].value == p.routed.fields[Field.TCP_DPORT].value,
        ),
    )


@always("The same on the fast path, whoever is alive", THROUGH)
def what_a_terminal_says_to_a_proven_engine_is_fast(f: Facts, p: Journey) -> z3.BoolRef:
    to_engine = z3.And(f.could_be_fast(p.wire), f.to_tunnel(p.routed))
    ends = p.routed.is_(Field.TCP_FLAGS_RST)
    maintained = f.answers_by_consent(p.routed)
    says = z3.And(p.passes, to_engine, p.routed.is_(Field.CT_STATE, "established"), z3.Not(z3.Or(ends, maintained)))
    return z3.Implies(says, p.offloaded)


@always("The same on the fast path, whoever is alive", FAST)
def who_is_fast_is_a_terminal_that_asks_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    """Or the gate, which answers itself and is never fast."""
    proven = z3.Or(f.to_proven(p.wire, names.ENGINE_VERIFIED), f.to_proven(p.wire, names.GATE_VERIFIED))
    allowed = z3.And(f.is_listed(p.wire), proven, z3.Not(f.is_on_internet(p.wire)))
    return z3.Implies(z3.And(f.could_be_fast(p.wire), p.passes), allowed)


@always("The same on the fast path, whoever is alive", FAST)
def what_may_not_be_fast_is_refused_and_counted(f: Facts, p: Journey) -> z3.BoolRef:
    """Who is on the internet as such, also when he is no terminal."""
    stopped = z3.And(f.could_be_fast(p.wire), z3.Not(p.passes))
    impostor = z3.And(f.is_impostor(p.wire), z3.Not(f.is_on_internet(p.wire)))
    counter = z3.If(impostor, p.is_counted(names.REFUSED_IMPOSTOR), p.is_counted(names.REFUSED_LAN))
    return z3.Implies(stopped, z3.And(p.refused, counter))


@always("The same on the fast path, whoever is alive", FAST)
def a_terminal_that_asks_a_proven_engine_is_fast_and_counted(f: Facts, p: Journey) -> z3.BoolRef:
    terminal = z3.And(f.is_listed(p.wire), z3.Not(f.is_on_internet(p.wire)))
    asks = z3.And(f.could_be_fast(p.wire), terminal, f.to_proven(p.wire, names.ENGINE_VERIFIED))
    return z3.Implies(asks, z3.And(p.passes, p.is_counted(names.PASSED_ENGINE)))
