"""What the LAN may do, what it may not, and that it always gets an answer."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey, Way
from tests.unit.intent.proof.proving import always

INWARD, THROUGH, FAST, OUTWARD = Way.INWARD, Way.THROUGH, Way.FAST, Way.OUTWARD


@always("A terminal reaches only a proven engine", THROUGH)
def whoever_sends_from_the_lan_is_a_terminal_that_asks_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    """Every packet, not only the first: a lapsed proof closes the way of a connection that stands."""
    return z3.Implies(
        z3.And(f.from_lan(p.wire), p.passes),
        z3.And(
            f.to_tunnel(p.routed),
            f.is_listed(p.wire),
            f.question(p.routed),
            f.to_proven(p.routed, names.ENGINE_VERIFIED),
        ),
    )


@always("A terminal reaches only a proven engine", THROUGH)
def a_terminal_reaches_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(
            f.from_lan(p.wire),
            f.is_listed(p.wire),
            z3.Not(f.is_forged_on_lan(p.wire)),
            f.to_tunnel(p.routed),
            f.question(p.routed),
            f.to_proven(p.routed, names.ENGINE_VERIFIED),
            z3.Not(p.routed.is_(Field.FIB_ROUTE, "missing")),
        ),
        z3.And(p.passes, p.is_counted(names.PASSED_ENGINE)),
    )


@always("A terminal reaches only a proven engine", THROUGH)
def only_what_the_lan_sends_to_an_engine_is_counted_as_passed(f: Facts, p: Journey) -> z3.BoolRef:
    sent = z3.And(f.from_lan(p.wire), f.is_listed(p.wire), f.to_proven(p.wire, names.ENGINE_VERIFIED))
    return z3.And(
        z3.Implies(p.is_counted(names.PASSED_ENGINE), sent),
        z3.Implies(z3.And(p.passes, f.from_lan(p.wire)), p.is_counted(names.PASSED_ENGINE)),
    )


@always("A terminal reaches only a proven engine", THROUGH)
def only_a_terminal_begins_a_connection_through_the_router(f: Facts, p: Journey) -> z3.BoolRef:
    begins = z3.And(p.passes, p.routed.is_(Field.CT_STATE, "new", "invalid", "untracked"))
    return z3.Implies(begins, z3.And(f.from_lan(p.wire), f.is_listed(p.wire)))


@always("A lapsed proof closes the way by itself", THROUGH)
def what_is_not_proven_now_is_refused_though_it_was(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(
            f.from_lan(p.wire),
            z3.Not(f.is_forged_on_lan(p.wire)),
            p.routed.is_(Field.CT_STATE, "established"),
            z3.Not(f.to_proven(p.routed, names.ENGINE_VERIFIED)),
        ),
        p.refused,
    )


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
    says = z3.And(p.passes, f.could_be_fast(p.wire), p.routed.is_(Field.CT_STATE, "established"))
    return z3.Implies(says, p.offloaded)


@always("The same on the fast path, whoever is alive", FAST)
def who_is_fast_is_a_terminal_that_asks_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    """Or the gate, which answers itself and is never fast."""
    proven = z3.Or(f.to_proven(p.wire, names.ENGINE_VERIFIED), f.to_proven(p.wire, names.GATE_VERIFIED))
    return z3.Implies(z3.And(f.could_be_fast(p.wire), p.passes), z3.And(f.is_listed(p.wire), proven))


@always("The same on the fast path, whoever is alive", FAST)
def what_may_not_be_fast_is_refused_and_counted(f: Facts, p: Journey) -> z3.BoolRef:
    stopped = z3.And(f.could_be_fast(p.wire), z3.Not(p.passes))
    counter = z3.If(f.is_impostor(p.wire), p.is_counted(names.REFUSED_IMPOSTOR), p.is_counted(names.REFUSED_LAN))
    return z3.Implies(stopped, z3.And(p.refused, counter))


@always("The same on the fast path, whoever is alive", FAST)
def a_terminal_that_asks_a_proven_engine_is_fast_and_counted(f: Facts, p: Journey) -> z3.BoolRef:
    asks = z3.And(f.could_be_fast(p.wire), f.is_listed(p.wire), f.to_proven(p.wire, names.ENGINE_VERIFIED))
    return z3.Implies(asks, z3.And(p.passes, p.is_counted(names.PASSED_ENGINE)))


@always("A lapsed proof closes the way by itself", INWARD)
def what_the_gate_may_not_serve_now_is_refused_though_it_was(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(
            f.from_lan(p.wire),
            z3.Not(f.is_forged_on_lan(p.wire)),
            p.routed.is_(Field.FIB_DESTINATION_TYPE, "local"),
            p.routed.is_(Field.TCP_DPORT, *f.gate_ports),
            p.routed.is_(Field.CT_DIRECTION, "original"),
            z3.Not(f.asked_for_proven(p.routed)),
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
        z3.And(f.is_listed(p.wire), p.routed.is_(Field.CT_STATUS, "dnat"), f.asked_for_proven(p.routed)),
    )


@always("The same through the gate", INWARD)
def the_gate_serves_a_terminal_that_asked_for_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    asks = z3.And(
        f.from_lan(p.wire),
        f.is_listed(p.wire),
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
    """And only a terminal's way to a proven engine is one, or anybody's to the page."""
    to_page = z3.And(
        p.wire.is_(Field.DESTINATION4, f.router),
        p.wire.is_(Field.TCP_DPORT, 80),
        p.routed.is_(Field.TCP_DPORT, names.PAGE_PORT),
    )
    to_gate = z3.And(f.is_listed(p.wire), f.to_proven(p.wire, names.GATE_VERIFIED))
    return z3.Implies(
        p.redirected,
        z3.And(f.from_lan(p.wire), p.routed.is_(Field.DESTINATION4, f.router), z3.Or(to_page, to_gate)),
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
        z3.Not(f.is_forged_on_lan(p.wire)),
        f.to_proven(p.wire, names.GATE_VERIFIED),
    )
    led = z3.And(p.routed.is_(Field.DESTINATION4, f.router), p.routed.fields[Field.TCP_DPORT].value == port)
    is_open = p.wire.sets.holds(names.GATE_OPEN, target)
    return z3.And(z3.Implies(z3.And(wants, is_open), led), p.is_counted(names.REDIRECTED_GATE) == wants)


@always("A LAN client never waits in silence", INWARD, THROUGH)
def the_lan_is_answered_unless_it_lies_or_shouts(f: Facts, p: Journey) -> z3.BoolRef:
    shouts = z3.And(p.routed.is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast"), z3.BoolVal(p.way is INWARD))
    return z3.Implies(z3.And(f.from_lan(p.wire), p.dropped), z3.Or(f.is_forged_on_lan(p.wire), shouts))


@always("A LAN client never waits in silence", INWARD)
def shouting_is_never_answered(f: Facts, p: Journey) -> z3.BoolRef:
    """RFC 1122 section 3.2.2."""
    shouts = p.routed.is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast")
    may = z3.Not(f.is_stopped_at_the_guard(p.wire))
    return z3.Implies(z3.And(f.from_lan(p.wire), shouts, may), z3.Not(p.refused))


@always("A LAN client never waits in silence", INWARD, THROUGH)
def what_begins_without_a_way_is_refused(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(
            f.from_lan(p.wire),
            z3.Not(f.is_forged_on_lan(p.wire)),
            p.routed.is_(Field.CT_STATE, "new"),
            p.routed.is_(Field.FIB_DESTINATION_TYPE, "unicast"),
            p.routed.is_(Field.FIB_ROUTE, "missing"),
        ),
        p.refused,
    )


@always("A LAN client never waits in silence", INWARD, THROUGH)
def what_the_lan_is_refused_is_counted(f: Facts, p: Journey) -> z3.BoolRef:
    """An impostor's as such, unless there was no way at all; nothing else is."""
    refused = z3.And(f.from_lan(p.wire), p.refused)
    impostor = z3.And(refused, f.is_impostor(p.wire), z3.Not(p.routed.is_(Field.FIB_ROUTE, "missing")))
    return z3.And(
        z3.Implies(impostor, p.is_counted(names.REFUSED_IMPOSTOR)),
        z3.Implies(p.is_counted(names.REFUSED_IMPOSTOR), z3.And(refused, f.is_impostor(p.wire))),
        z3.Or(p.is_counted(names.REFUSED_LAN), p.is_counted(names.REFUSED_IMPOSTOR)) == refused,
    )


@always("A LAN client never waits in silence", OUTWARD)
def refusals_reach_the_lan(f: Facts, p: Journey) -> z3.BoolRef:
    errors = p.routed.is_(Field.ICMP_TYPE, "destination-unreachable", "time-exceeded", "parameter-problem")
    refusal = z3.Or(p.routed.is_(Field.TCP_FLAGS_RST), errors, p.routed.is_(Field.CT_STATE, "related"))
    return z3.Implies(z3.And(f.to_lan(p.routed), refusal), p.passes)


@always("A terminal that only listens learns of a lapse", OUTWARD)
def our_probe_reaches_the_lan_and_is_not_taken_for_the_engines(f: Facts, p: Journey) -> z3.BoolRef:
    probe = z3.And(f.to_lan(p.wire), p.wire.is_(Field.MARK, f.probe_mark))
    return z3.And(z3.Implies(z3.And(probe, p.wire.is_(Field.L4PROTO, "tcp")), p.passes), p.untracked == probe)


@always("Anti-spoofing", INWARD, THROUGH)
def a_forged_sender_on_the_lan_is_forgotten_at_once(f: Facts, p: Journey) -> z3.BoolRef:
    """Before connection tracking; and counted, unless it wears a terminal's address and the guard refuses it."""
    forged = z3.And(f.from_lan(p.wire), f.is_forged_on_lan(p.wire))
    comes_here = z3.And(forged, z3.Not(f.is_stopped_at_the_guard(p.wire)))
    return z3.And(
        z3.Implies(comes_here, p.forgotten),
        z3.Implies(forged, z3.Not(p.passes)),
        p.is_counted(names.FORGED_LAN) == comes_here,
    )


@always("Nobody wears a terminal's address", INWARD, THROUGH)
def an_impostor_is_kept_out_of_the_terminals_connections_and_refused(f: Facts, p: Journey) -> z3.BoolRef:
    """Refused, because it may be a replaced network card; it may ask for an address. What the guard refuses does not
    get as far as connection tracking."""
    impostor = z3.And(f.from_lan(p.wire), z3.Not(f.is_forged_on_lan(p.wire)), f.is_impostor(p.wire))
    asks = z3.And(p.wire.is_(Field.UDP_SPORT, 68), p.wire.is_(Field.UDP_DPORT, 67))
    shouts = p.routed.is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast")
    comes_here = z3.And(impostor, z3.Not(f.is_stopped_at_the_guard(p.wire)))
    return z3.And(p.untracked == comes_here, z3.Implies(z3.And(impostor, z3.Not(asks), z3.Not(shouts)), p.refused))


@always("A local port behind a redirect is not reached directly", INWARD)
def the_lan_reaches_the_routers_services_and_no_others(f: Facts, p: Journey) -> z3.BoolRef:
    services = z3.Or(
        z3.And(p.routed.is_(Field.TCP_DPORT, names.PAGE_PORT), p.routed.is_(Field.CT_STATUS, "dnat")),
        p.routed.is_(Field.UDP_DPORT, 53, 123),
        p.routed.is_(Field.TCP_DPORT, 53),
        p.routed.is_(Field.ICMP_TYPE, "echo-request"),
    )
    dhcp = z3.And(z3.BoolVal(f.serves_dhcp), p.routed.is_(Field.UDP_SPORT, 68), p.routed.is_(Field.UDP_DPORT, 67))
    known = z3.Not(p.routed.is_(Field.CT_STATE, "invalid", "untracked"))
    return z3.Implies(
        z3.And(f.from_lan(p.wire), p.passes, z3.Not(f.answer(p.routed))),
        z3.Or(
            z3.And(known, services, p.routed.is_(Field.DESTINATION4, f.router)),
            z3.And(known, p.routed.is_(Field.TCP_DPORT, *f.gate_ports), p.routed.is_(Field.CT_STATUS, "dnat")),
            dhcp,
        ),
    )


@always("The LAN is served", INWARD)
def names_time_ping_and_the_page_are_served(f: Facts, p: Journey) -> z3.BoolRef:
    honest = z3.And(
        f.from_lan(p.wire),
        z3.Not(f.is_forged_on_lan(p.wire)),
        z3.Not(f.is_impostor(p.wire)),
        p.routed.is_(Field.DESTINATION4, f.router),
        f.question(p.routed),
    )
    page = z3.Or(
        z3.And(p.fresh, p.wire.is_(Field.DESTINATION4, f.router), p.wire.is_(Field.TCP_DPORT, 80)),
        z3.And(z3.Not(p.fresh), p.routed.is_(Field.CT_STATUS, "dnat"), p.routed.is_(Field.TCP_DPORT, names.PAGE_PORT)),
    )
    asked = z3.Or(
        p.routed.is_(Field.UDP_DPORT, 53, 123),
        p.routed.is_(Field.TCP_DPORT, 53),
        p.routed.is_(Field.ICMP_TYPE, "echo-request"),
        page,
    )
    # The router's own address is no engine's.
    own = z3.Not(z3.Or(f.to_proven(p.wire, names.GATE_VERIFIED), f.could_be_fast(p.wire)))
    return z3.Implies(z3.And(honest, own, asked), p.passes)


@always("The LAN is served", INWARD)
def addresses_are_given(f: Facts, p: Journey) -> z3.BoolRef:
    """To whoever asks for one, or to keep his own."""
    asks = z3.And(
        f.from_lan(p.wire),
        z3.Not(f.is_forged_on_lan(p.wire)),
        p.wire.is_(Field.FAMILY, "ipv4"),
        p.wire.is_(Field.UDP_SPORT, 68),
        p.routed.is_(Field.UDP_DPORT, 67),
    )
    return z3.Implies(z3.And(z3.BoolVal(f.serves_dhcp), asks), p.passes)


@always("The LAN is served", INWARD)
def the_lans_answers_reach_the_router(f: Facts, p: Journey) -> z3.BoolRef:
    answers = z3.And(
        f.from_lan(p.wire),
        z3.Not(f.is_forged_on_lan(p.wire)),
        z3.Not(f.is_impostor(p.wire)),
        f.answer(p.routed),
        p.routed.is_(Field.FIB_DESTINATION_TYPE, "local"),
        z3.Not(f.is_stopped_at_the_guard(p.wire)),
    )
    return z3.Implies(answers, p.passes)


@always("The LAN is served", OUTWARD)
def the_router_answers_the_lan(f: Facts, p: Journey) -> z3.BoolRef:
    dhcp = z3.And(z3.BoolVal(f.serves_dhcp), p.routed.is_(Field.UDP_SPORT, 67), p.routed.is_(Field.UDP_DPORT, 68))
    wanted = z3.Or(dhcp, p.routed.is_(Field.CT_STATE, "established"), p.routed.is_(Field.ICMP_TYPE, "echo-request"))
    return z3.Implies(z3.And(f.to_lan(p.routed), wanted), p.passes)


@always("The router begins nothing on the LAN", OUTWARD)
def to_the_lan_go_only_answers_probes_addresses_and_pings(f: Facts, p: Journey) -> z3.BoolRef:
    errors = ("destination-unreachable", "time-exceeded", "parameter-problem", "echo-request")
    return z3.Implies(
        z3.And(f.to_lan(p.routed), p.passes),
        z3.Or(
            p.routed.is_(Field.CT_STATE, "established", "related"),
            p.routed.is_(Field.TCP_FLAGS_RST),
            p.routed.is_(Field.ICMP_TYPE, *errors),
            z3.And(p.routed.is_(Field.MARK, f.probe_mark), p.routed.is_(Field.L4PROTO, "tcp")),
            z3.And(z3.BoolVal(f.serves_dhcp), p.routed.is_(Field.UDP_SPORT, 67), p.routed.is_(Field.UDP_DPORT, 68)),
        ),
    )
