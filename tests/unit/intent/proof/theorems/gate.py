"""The way to an engine through the gate, and whatever else is redirected to the router itself."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.proving import always

INWARD, THROUGH = Way.INWARD, Way.THROUGH


@always("A lapsed proof closes the way by itself", INWARD)
def what_the_gate_may_not_serve_now_is_refused_though_it_was(f: Facts, p: Journey) -> z3.BoolRef:
    """Nor whom it may not serve now: who is on the internet."""
    return z3.Implies(
        z3.And(
            f.from_lan(p.wire),
            z3.Not(f.is_forged_on_lan(p.wire)),
            p.routed.is_(Field.FIB_DESTINATION_TYPE, "local"),
            p.routed.is_(Field.TCP_DPORT, *f.gate_ports),
            p.routed.is_(Field.CT_DIRECTION, "original"),
            z3.Not(z3.And(f.asked_for_proven(p.routed), z3.Not(f.is_on_internet(p.wire)))),
        ),
        p.refused,
    )


@always("The same through the gate", INWARD)
def the_gate_serves_only_terminals_that_asked_for_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(
            f.from_lan(p.wire),
            p.passes,
            p.routed.is_(Field.TCP_DPORT, *f.gate_ports),
            z3.Not(f.answer(p.routed)),
        ),
        z3.And(
            f.is_listed(p.wire),
            z3.Not(f.is_on_internet(p.wire)),
            p.routed.is_(Field.CT_STATUS, "dnat"),
            f.asked_for_proven(p.routed),
        ),
    )


@always("The same through the gate", INWARD)
def the_gate_serves_a_terminal_that_asked_for_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    asks = z3.And(
        f.from_lan(p.wire),
        f.is_listed(p.wire),
        z3.Not(f.is_on_internet(p.wire)),
        z3.Not(f.is_forged_on_lan(p.wire)),
        f.question(p.routed),
        p.routed.is_(Field.TCP_DPORT, *f.gate_ports),
        p.routed.is_(Field.CT_STATUS, "dnat"),
        p.routed.is_(Field.FIB_DESTINATION_TYPE, "local"),
        f.asked_for_proven(p.routed),
    )
    return z3.Implies(asks, z3.And(p.passes, p.is_counted(names.PASSED_GATE)))


@always("The same through the gate", INWARD)
def only_what_a_terminal_sends_to_the_gate_is_counted_as_passed(f: Facts, p: Journey) -> z3.BoolRef:
    to_gate = z3.And(f.from_lan(p.wire), p.passes, p.routed.is_(Field.TCP_DPORT, *f.gate_ports))
    return z3.Implies(p.is_counted(names.PASSED_GATE), to_gate)


@always("The same through the gate", INWARD, THROUGH)
def a_redirect_leads_to_the_router_itself(f: Facts, p: Journey) -> z3.BoolRef:
    """And only a terminal's way to a proven engine is one, anybody's to the page, or to names outside from where the
    internet is. What comes by a tunnel: `a_maintainer_is_led_to_one_terminals_service`."""
    on_internet = z3.And(f.is_listed(p.wire), f.is_on_internet(p.wire))
    to_page = z3.Or(
        z3.And(p.wire.is_(Field.TCP_DPORT, 443), p.routed.is_(Field.TCP_DPORT, names.PAGE_PORT)),
        z3.And(p.wire.is_(Field.TCP_DPORT, 80), p.routed.is_(Field.TCP_DPORT, names.PAGE_REDIRECT_PORT)),
    )
    asks_names = z3.Or(p.wire.is_(Field.UDP_DPORT, 53), p.wire.is_(Field.TCP_DPORT, 53))
    at_outside_names = p.routed.fields[Field.TCP_DPORT].value == names.OUTSIDE_NAMES_PORT
    to_names = z3.And(on_internet, asks_names, at_outside_names)
    proven = f.to_proven(p.wire, names.GATE_VERIFIED)
    to_gate = z3.And(f.is_listed(p.wire), z3.Not(f.is_on_internet(p.wire)), proven)
    return z3.Implies(
        z3.And(p.redirected, z3.Not(f.from_tunnel(p.wire))),
        z3.And(
            f.from_lan(p.wire),
            p.routed.is_(Field.DESTINATION4, f.router),
            z3.Or(to_gate, z3.And(f.to_router(p.wire), z3.Or(to_page, to_names))),
        ),
    )


@always("The same through the gate", INWARD, THROUGH)
def a_terminals_way_to_an_open_gate_leads_to_it(f: Facts, p: Journey) -> z3.BoolRef:
    """Wherever the route would have led; and is counted."""
    target = p.wire.fields[Field.DESTINATION4].value, p.wire.fields[Field.TCP_DPORT].value
    port = p.wire.sets.mapped(names.GATE_OPEN, target)
    wants = z3.And(
        p.fresh,
        f.from_lan(p.wire),
        f.is_listed(p.wire),
        z3.Not(f.is_on_internet(p.wire)),
        z3.Not(f.is_forged_on_lan(p.wire)),
        f.to_proven(p.wire, names.GATE_VERIFIED),
    )
    led = z3.And(p.routed.is_(Field.DESTINATION4, f.router), p.routed.fields[Field.TCP_DPORT].value == port)
    is_open = p.wire.sets.holds(names.GATE_OPEN, target)
    return z3.And(z3.Implies(z3.And(wants, is_open), led), p.is_counted(names.REDIRECTED_GATE) == wants)
