"""What holds on every side: the router's own loopback, its fail-fast refusals, and that there is no other way."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.proving import always

INWARD, THROUGH, OUTWARD = Way.INWARD, Way.THROUGH, Way.OUTWARD


@always("Nothing leaks past the tunnel", INWARD)
def an_interface_that_nobody_knows_is_closed(f: Facts, p: Journey) -> z3.BoolRef:
    known = z3.Or(f.from_lan(p.wire), f.from_line(p.wire), f.from_tunnel(p.wire), p.wire.is_(Field.IIF, "lo"))
    return z3.Implies(z3.Not(known), p.dropped)


@always("Nothing leaks past the tunnel", THROUGH)
def the_ways_through_the_router_are_known(f: Facts, p: Journey) -> z3.BoolRef:
    """Nothing leads from a tunnel to a line, from a line into a tunnel, or from one of them round to another."""
    begins_or_ends_on_the_lan = z3.Or(f.from_lan(p.wire), f.to_lan(p.routed))
    outside = z3.Or(f.from_line(p.wire), f.from_tunnel(p.wire), f.from_lan(p.wire))
    there = z3.Or(f.to_tunnel(p.routed), f.to_line(p.routed), f.to_lan(p.routed))
    between = z3.And(f.from_lan(p.wire), f.to_lan(p.routed))
    return z3.Implies(
        p.passes,
        z3.And(
            begins_or_ends_on_the_lan,
            outside,
            there,
            z3.Implies(between, z3.Or(f.any_may_open, f.stays_on_its_wire(p.routed))),
        ),
    )


@always("Nothing leaks past the tunnel", OUTWARD)
def the_router_speaks_on_its_own_interfaces_only(f: Facts, p: Journey) -> z3.BoolRef:
    known = z3.Or(f.to_lan(p.routed), f.to_line(p.routed), f.to_tunnel(p.routed), p.routed.is_(Field.OIF, "lo"))
    return z3.Implies(p.passes, known)


@always("The router's own programs fail fast", OUTWARD)
def the_routers_own_are_refused_never_dropped(f: Facts, p: Journey) -> z3.BoolRef:
    """And counted. What a line with few ports drops all the same would have left with a port of others."""
    counted = z3.Or(p.is_counted(names.REFUSED_OUTPUT), p.is_counted(names.REFUSED_PORTS))
    stopped = z3.And(p.routed.is_(Field.OIF, *f.shared), p.is_counted(names.STOPPED_PORTS))
    return z3.And(z3.Implies(p.dropped, stopped), counted == p.refused)


@always("The router's own programs fail fast", INWARD)
def the_router_hears_itself(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(p.wire.is_(Field.IIF, "lo"), p.passes)


@always("The router's own programs fail fast", OUTWARD)
def the_router_speaks_to_itself(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(p.routed.is_(Field.OIF, "lo"), p.passes)
