"""The line (WAN): a few things leave, their answers come back, and nobody out there learns anything."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.packet import EVER, NEVER
from tests.unit.intent.proof.proving import always
from tests.unit.intent.proof.theorems import direct, line6

INWARD, THROUGH, OUTWARD = Way.INWARD, Way.THROUGH, Way.OUTWARD


@always("Nothing comes from the WAN", THROUGH)
def nothing_from_the_line_passes_through(f: Facts, p: Journey) -> z3.BoolRef:
    """Neither to the LAN nor into a tunnel; where a terminal can be switched to the internet, or the engines are there,
    the answers reach it, and only it can have asked (`to_the_line_goes_only_what_terminals_on_the_internet_ask`)."""
    answers = z3.And(f.lets_out, f.to_lan(p.routed), z3.Or(f.answer(p.routed), f.error(p.routed)))
    return z3.Implies(f.from_line(p.wire), z3.Or(p.dropped, answers))


@always("Nothing comes from the WAN", INWARD)
def from_the_line_come_answers_addresses_and_tunnels(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(f.from_line(p.wire), p.passes),
        z3.And(f.carried(p.wire, Field.IIF), z3.Or(f.answer(p.routed), _comes_in(f, p), line6.comes_in(f, p))),
    )


@always("Nothing comes from the WAN", INWARD, THROUGH)
def the_line_meets_silence(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(f.from_line(p.wire), z3.Not(p.refused))


@always("Nothing comes from the WAN", INWARD, THROUGH)
def what_the_line_is_denied_is_counted(f: Facts, p: Journey) -> z3.BoolRef:
    from_line = f.from_line(p.wire)
    forged = z3.And(from_line, _claims_or_addresses_the_inside(f, p))
    return z3.And(
        p.is_counted(names.FORGED_WAN) == forged,
        p.is_counted(names.DROPPED_WAN) == z3.And(from_line, p.dropped, z3.Not(forged)),
    )


@always("Anti-spoofing", INWARD, THROUGH)
def insiders_do_not_speak_from_the_line(f: Facts, p: Journey) -> z3.BoolRef:
    """Nor are they spoken to: gone before connection tracking could take note."""
    return z3.Implies(z3.And(f.from_line(p.wire), _claims_or_addresses_the_inside(f, p)), p.forgotten)


@always("Nothing leaks past the tunnel", OUTWARD)
def nothing_for_the_inside_leaves_by_the_line(f: Facts, p: Journey) -> z3.BoolRef:
    """Whatever the routes say."""
    inside = p.routed.is_(Field.DESTINATION4, *f.inside)
    return z3.Implies(z3.And(f.to_line(p.routed), inside), p.refused)


@always("Nothing leaks past the tunnel", OUTWARD)
def by_the_line_leave_only_tunnels_names_time_and_addresses(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(f.to_line(p.routed), p.passes),
        z3.And(f.carried(p.routed, Field.OIF), z3.Or(is_a_tunnels(f, p), goes_out(f, p), direct.goes_out(f, p))),
    )


@always("Nothing leaks past the tunnel", OUTWARD)
def gate_and_page_never_speak_on_the_line(f: Facts, p: Journey) -> z3.BoolRef:
    """Except within the tunnels, whose outer packets carry the name of whoever sent the inner ones, and the gate with a
    proven engine whose way is the internet."""
    excepted = z3.Or(is_a_tunnels(f, p), direct.gate_asks(f, p))
    served = p.routed.is_(Field.UID, names.GATE_USER, names.PAGE_USER)
    return z3.Implies(z3.And(f.to_line(p.routed), served, z3.Not(excepted)), p.refused)


@always("The tunnels stand on the line", OUTWARD)
def tunnels_names_time_and_addresses_leave_by_the_line(f: Facts, p: Journey) -> z3.BoolRef:
    """Whoever sent what is in the tunnels: the kernel leaves the sender's name on their outer packets. By a line whose
    ports are few as long as one is free (`theorems.ports`)."""
    tunnel, wanted = is_a_tunnels(f, p), goes_out(f, p)
    ours = z3.Not(p.routed.is_(Field.UID, names.GATE_USER, names.PAGE_USER))
    outside = z3.Not(p.routed.is_(Field.DESTINATION4, *f.inside))
    fits = f.carried(p.routed, Field.OIF) if f.lines6 else p.routed.is_(Field.FAMILY, "ipv4")
    leaves = z3.And(f.to_line(p.routed), z3.Not(p.routed.is_(Field.OIF, *f.shared)))
    return z3.Implies(z3.And(leaves, fits, outside, z3.Or(tunnel, z3.And(ours, wanted))), p.passes)


@always("The tunnels stand on the line", INWARD)
def answers_errors_addresses_and_tunnels_come_in_by_the_line(f: Facts, p: Journey) -> z3.BoolRef:
    wanted = z3.And(f.carried(p.wire, Field.IIF), z3.Or(f.answer(p.routed), _comes_in(f, p), line6.comes_in(f, p)))
    honest = z3.Not(_claims_or_addresses_the_inside(f, p))
    return z3.Implies(z3.And(f.from_line(p.wire), honest, wanted), p.passes)


def _claims_or_addresses_the_inside(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Or(p.wire.is_(Field.SOURCE4, *f.inside), p.wire.is_(Field.DESTINATION4, *f.inside))


def _comes_in(f: Facts, p: Journey) -> z3.BoolRef:
    """By IPv4, though nobody asked for it."""
    if not f.lines4:
        return NEVER
    tunnel = p.routed.within(names.TUNNEL_ENDPOINTS, Field.SOURCE4, Field.UDP_SPORT)
    return z3.Or(f.error(p.routed), _dhcp_answer(f, p), tunnel)


def is_a_tunnels(f: Facts, p: Journey) -> z3.BoolRef:
    if not f.lines4:
        return line6.is_a_tunnels(f, p)
    tunnel = p.routed.within(names.TUNNEL_ENDPOINTS, Field.DESTINATION4, Field.UDP_DPORT)
    return z3.Or(tunnel, line6.is_a_tunnels(f, p))


def goes_out(f: Facts, p: Journey) -> z3.BoolRef:
    """Besides the tunnels."""
    either = z3.Or(line6.goes_out(f, p), _asks_the_time(f, p))
    if not f.lines4:
        return either
    resolver = p.routed.within(names.WAN_RESOLVERS, Field.DESTINATION4)
    names_asked = z3.Or(p.routed.is_(Field.UDP_DPORT, 53), p.routed.is_(Field.TCP_DPORT, 53))
    return z3.Or(z3.And(resolver, names_asked), _dhcp_question(f, p), either)


def _asks_the_time(f: Facts, p: Journey) -> z3.BoolRef:
    """Only where the settings name servers out there: NTP (RFC 5905), and who they are (RFC 8915)."""
    time = f.intent.time
    ntp = z3.And(z3.BoolVal(bool(time.ntp or time.nts)), p.routed.is_(Field.UDP_DPORT, 123))
    keys = z3.And(z3.BoolVal(bool(time.nts)), p.routed.is_(Field.TCP_DPORT, 4460))
    return z3.And(p.routed.is_(Field.UID, names.TIME_USER), z3.Or(ntp, keys))


def _dhcp_question(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.And(_tells_family(f, p), p.routed.is_(Field.UDP_SPORT, 68), p.routed.is_(Field.UDP_DPORT, 67))


def _dhcp_answer(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.And(_tells_family(f, p), p.routed.is_(Field.UDP_SPORT, 67), p.routed.is_(Field.UDP_DPORT, 68))


def _tells_family(f: Facts, p: Journey) -> z3.BoolRef:
    return p.routed.is_(Field.FAMILY, "ipv4") if f.lines6 else EVER
