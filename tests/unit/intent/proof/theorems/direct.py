"""Engines whose way is the internet: without tunnels, what a terminal asks a proven engine leaves by the line."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.packet import NEVER
from tests.unit.intent.proof.proving import always

THROUGH, OUTWARD = Way.THROUGH, Way.OUTWARD


def gate_asks(f: Facts, p: Journey) -> z3.BoolRef:
    """Every packet, not only the first."""
    at = p.routed
    known = at.is_(Field.CT_STATE, "new", "established")
    to_proven = f.to_proven(at, names.GATE_VERIFIED)
    return z3.And(f.is_direct, at.is_(Field.UID, names.GATE_USER), at.is_(Field.L4PROTO, "tcp"), known, to_proven)


def goes_out(f: Facts, p: Journey) -> z3.BoolRef:
    """Of the router's own, to engines: what the gate asks, what proves them, and the ends of what nobody owns."""
    if z3.is_false(f.is_direct):
        return NEVER
    at = p.routed
    tcp, known = at.is_(Field.L4PROTO, "tcp"), at.is_(Field.CT_STATE, "new", "established")
    asked = at.within(names.ENGINES_ASKED, Field.DESTINATION4, Field.TCP_DPORT)
    proven = z3.Or(f.to_proven(at, names.GATE_VERIFIED), f.to_proven(at, names.ENGINE_VERIFIED))
    ends = z3.And(at.is_(Field.CT_STATE, "established"), at.is_(Field.CT_DIRECTION, "original"), proven)
    return z3.Or(gate_asks(f, p), z3.And(tcp, z3.Or(z3.And(at.is_(Field.UID, 0), known, asked), ends)))


@always("A terminal reaches only a proven engine", THROUGH)
def a_terminal_reaches_a_proven_engine_on_the_internet(f: Facts, p: Journey) -> z3.BoolRef:
    """And nothing else out there. By a MAP-E line as long as a port is free: `ports`."""
    return z3.Implies(z3.And(asks(f, p), z3.Not(f.by_shared_address(p.routed))), p.passes)


@always("A lapsed proof closes the way by itself", THROUGH)
def what_is_not_proven_now_is_refused_on_the_internet_too(f: Facts, p: Journey) -> z3.BoolRef:
    lapsed = z3.Not(f.to_proven(p.routed, names.ENGINE_VERIFIED))
    honest = z3.And(f.from_lan(p.wire), z3.Not(f.is_forged_on_lan(p.wire)))
    return z3.Implies(z3.And(f.is_direct, honest, f.to_line(p.routed), lapsed), p.refused)


@always("A terminal reaches only a proven engine", THROUGH)
def an_engines_answers_from_the_internet_reach_its_terminal(f: Facts, p: Journey) -> z3.BoolRef:
    honest = z3.Not(z3.Or(p.wire.is_(Field.SOURCE4, *f.inside), p.wire.is_(Field.DESTINATION4, *f.inside)))
    tcp = p.routed.is_(Field.L4PROTO, "tcp")
    # IPv6 is not tracked by what has asked (`ipv6_is_never_forwarded`).
    four = p.wire.is_(Field.FAMILY, "ipv4")
    answers = z3.And(f.to_lan(p.routed), four, z3.Or(z3.And(tcp, f.answer(p.routed)), f.error(p.routed)))
    return z3.Implies(z3.And(f.is_direct, f.from_line(p.wire), honest, answers), p.passes)


@always("A terminal reaches only a proven engine", THROUGH)
def from_the_internet_comes_nothing_else(f: Facts, p: Journey) -> z3.BoolRef:
    tcp = p.routed.is_(Field.L4PROTO, "tcp")
    answers = z3.And(f.to_lan(p.routed), z3.Or(z3.And(tcp, f.answer(p.routed)), f.error(p.routed)))
    return z3.Implies(z3.And(f.is_direct, f.from_line(p.wire), p.passes), answers)


@always("The gate cannot speak with an unproven engine, whoever is alive", OUTWARD)
def the_gate_reaches_a_proven_engine_on_the_internet(f: Facts, p: Journey) -> z3.BoolRef:
    outside = z3.Not(p.routed.is_(Field.DESTINATION4, *f.inside))
    leaves = z3.And(f.to_line(p.routed), f.carried(p.routed, Field.OIF), z3.Not(f.by_shared_address(p.routed)))
    return z3.Implies(z3.And(leaves, outside, gate_asks(f, p)), p.passes)


@always("The prover can reach what is not proven yet", OUTWARD)
def the_prover_reaches_whom_it_asks_on_the_internet(f: Facts, p: Journey) -> z3.BoolRef:
    """And the ends of connections that nobody owns reach a proven engine."""
    outside = z3.Not(p.routed.is_(Field.DESTINATION4, *f.inside))
    leaves = z3.And(f.to_line(p.routed), f.carried(p.routed, Field.OIF), z3.Not(f.by_shared_address(p.routed)))
    ours = z3.Not(p.routed.is_(Field.UID, names.GATE_USER, names.PAGE_USER))
    return z3.Implies(z3.And(leaves, outside, ours, goes_out(f, p)), p.passes)


def asks(f: Facts, p: Journey) -> z3.BoolRef:
    """What a terminal may, by the line."""
    return z3.And(
        f.is_direct,
        f.from_lan(p.wire),
        f.is_listed(p.wire),
        z3.Not(f.is_forged_on_lan(p.wire)),
        f.to_line(p.routed),
        f.question(p.routed),
        f.to_proven(p.routed, names.ENGINE_VERIFIED),
        z3.Not(p.routed.is_(Field.DESTINATION4, *f.inside)),
    )
