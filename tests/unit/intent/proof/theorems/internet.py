"""A terminal that staff have switched to the internet: there, and at no engine, until the kernel's time is up."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.packet import View, any_of
from tests.unit.intent.proof.proving import always
from tests.unit.intent.proof.walk import ADDRESS_OF_THE_LINE

INWARD, THROUGH, FAST = Way.INWARD, Way.THROUGH, Way.FAST


@always("A terminal is never at an engine and on the internet at once", THROUGH)
def to_the_line_goes_only_what_terminals_on_the_internet_ask(f: Facts, p: Journey) -> z3.BoolRef:
    """Every packet, not only the first: when the time is up the next one is refused. Nothing for the inside, whatever
    the routes say. Or what a terminal asks a proven engine whose way is the internet: then none is switched."""
    inside = p.routed.is_(Field.DESTINATION4, *f.inside)
    to_engine = z3.And(f.is_direct, f.to_proven(p.routed, names.ENGINE_VERIFIED))
    return z3.Implies(
        z3.And(f.to_line(p.routed), p.passes),
        z3.And(
            f.from_lan(p.wire),
            f.is_listed(p.wire),
            z3.Or(f.is_on_internet(p.wire), to_engine),
            f.question(p.routed),
            z3.Not(inside),
        ),
    )


@always("A terminal is never at an engine and on the internet at once", INWARD, THROUGH, FAST)
def who_is_on_the_internet_reaches_no_engine(f: Facts, p: Journey) -> z3.BoolRef:
    """Neither through a tunnel nor by the gate nor by the fast path, though the connection stood before."""
    by_gate = z3.And(p.routed.is_(Field.TCP_DPORT, *f.gate_ports), z3.Not(f.answer(p.routed)))
    reaches = {INWARD: by_gate, THROUGH: f.to_tunnel(p.routed), FAST: f.leads_where_fast_ways_lead(p.wire)}[p.way]
    honest = z3.Not(f.is_forged_on_lan(p.wire))
    asks = z3.And(f.from_lan(p.wire), f.is_on_internet(p.wire), honest, reaches)
    shouts = p.routed.is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast")
    return z3.Implies(z3.And(asks, z3.Not(shouts)), p.refused)


@always("A terminal is never at an engine and on the internet at once", THROUGH)
def a_terminal_on_the_internet_reaches_it(f: Facts, p: Journey) -> z3.BoolRef:
    """And is counted. By a MAP-E line as long as a port is free: `ports`."""
    sent = z3.Or(p.passes, p.is_counted(names.STOPPED_PORTS))
    return z3.And(
        z3.Implies(z3.And(asks(f, p), z3.Not(f.by_shared_address(p.routed))), p.passes),
        p.is_counted(names.PASSED_INTERNET)
        == z3.And(sent, f.from_lan(p.wire), f.to_line(p.routed), z3.Not(f.is_direct)),
    )


@always("A terminal is never at an engine and on the internet at once", THROUGH)
def the_internets_answers_reach_who_asked(f: Facts, p: Journey) -> z3.BoolRef:
    honest = z3.Not(z3.Or(p.wire.is_(Field.SOURCE4, *f.inside), p.wire.is_(Field.DESTINATION4, *f.inside)))
    is_4 = p.wire.is_(Field.FAMILY, "ipv4")
    answers = z3.And(f.to_lan(p.routed), z3.Or(z3.And(is_4, f.answer(p.routed)), f.error(p.routed)))
    return z3.Implies(z3.And(f.has_internet, f.from_line(p.wire), honest, answers), p.passes)


@always("A terminal is never at an engine and on the internet at once", INWARD)
def a_terminal_on_the_internet_asks_names_that_the_line_knows(f: Facts, p: Journey) -> z3.BoolRef:
    """At a server of their own; everybody else's questions do not get there."""
    asked, led = _is_at(p.wire, 53), _is_at(p.routed, names.OUTSIDE_NAMES_PORT)
    asks = z3.And(_is_a_terminal_on_the_internet(f, p), f.to_router(p.wire), asked)
    known = z3.And(z3.Not(p.fresh), f.question(p.routed), p.routed.is_(Field.CT_STATUS, "dnat"), led)
    local = p.routed.is_(Field.FIB_DESTINATION_TYPE, "local")
    goes_on = z3.And(_is_a_terminal_on_the_internet(f, p), known, local)
    return z3.And(z3.Implies(z3.And(asks, p.fresh), z3.And(led, p.passes)), z3.Implies(goes_on, p.passes))


@always("A terminal is never at an engine and on the internet at once", THROUGH)
def out_there_the_lan_has_the_lines_address(f: Facts, p: Journey) -> z3.BoolRef:
    """Or, where others share that, the part of it that is ours."""
    leaves = z3.And(p.fresh, p.passes, f.to_line(p.routed))
    ours = any_of(
        z3.And(p.routed.is_(Field.OIF, interface), p.source == int(share.address))
        for interface, share in f.shared.items()
        if share
    )
    own = z3.And(z3.Not(f.by_shared_address(p.routed)), p.source == ADDRESS_OF_THE_LINE)
    return z3.Implies(leaves, z3.Or(own, ours))


def asks(f: Facts, p: Journey) -> z3.BoolRef:
    """What a terminal may, by the line."""
    return z3.And(
        _is_a_terminal_on_the_internet(f, p),
        f.to_line(p.routed),
        f.question(p.routed),
        z3.Not(p.routed.is_(Field.DESTINATION4, *f.inside)),
        z3.Not(p.untracked),
    )


def _is_a_terminal_on_the_internet(f: Facts, p: Journey) -> z3.BoolRef:
    """That asks no engine, where the guard would stop it."""
    stopped = z3.Or(f.is_forged_on_lan(p.wire), f.is_stopped_at_the_guard(p.wire))
    return z3.And(f.from_lan(p.wire), f.is_listed(p.wire), f.is_on_internet(p.wire), z3.Not(stopped))


def _is_at(at: View, port: int) -> z3.BoolRef:
    return z3.Or(at.is_(Field.UDP_DPORT, port), at.is_(Field.TCP_DPORT, port))
