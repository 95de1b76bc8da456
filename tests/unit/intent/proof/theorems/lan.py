"""What the LAN may do, what it may not, and that it always gets an answer."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.proving import always

_PAGE_PORTS = (names.PAGE_PORT, names.PAGE_REDIRECT_PORT)

INWARD, THROUGH, NOWHERE, OUTWARD = Way.INWARD, Way.THROUGH, Way.NOWHERE, Way.OUTWARD


@always("A terminal reaches only a proven engine", THROUGH)
def who_sends_from_the_lan_into_a_tunnel_is_a_terminal_that_asks_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    """Or who answers a maintainer by the clinic's consent. Every packet, not only the first: a lapsed proof closes the
    way of a connection that stands."""
    return z3.Implies(
        z3.And(f.from_lan(p.wire), f.to_tunnel(p.routed), p.passes),
        z3.And(
            f.is_listed(p.wire),
            z3.Or(
                z3.And(f.question(p.routed), f.to_proven(p.routed, names.ENGINE_VERIFIED)),
                f.answers_by_consent(p.routed),
            ),
        ),
    )


@always("A terminal reaches only a proven engine", THROUGH)
def a_terminal_reaches_a_proven_engine(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(
            f.from_lan(p.wire),
            f.is_listed(p.wire),
            z3.Not(f.is_on_internet(p.wire)),
            z3.Not(f.is_forged_on_lan(p.wire)),
            f.to_tunnel(p.routed),
            f.question(p.routed),
            f.to_proven(p.routed, names.ENGINE_VERIFIED),
        ),
        p.passes,
    )


@always("A terminal reaches only a proven engine", THROUGH)
def what_terminals_send_to_engines_is_counted(f: Facts, p: Journey) -> z3.BoolRef:
    """Where they come past the guard."""
    sent = z3.And(f.from_first_segment(p.wire), f.is_listed(p.wire), f.to_proven(p.wire, names.ENGINE_VERIFIED))
    out = z3.Or(f.to_tunnel(p.routed), z3.And(f.is_direct, f.to_line(p.routed)))
    maintained = f.answers_by_consent(p.routed)
    passed = z3.And(p.passes, f.from_first_segment(p.wire), out, z3.Not(maintained))
    return z3.And(
        z3.Implies(p.is_counted(names.PASSED_ENGINE), sent), z3.Implies(passed, p.is_counted(names.PASSED_ENGINE))
    )


@always("A terminal reaches only a proven engine", THROUGH)
def only_a_terminal_begins_a_connection_out_of_the_clinic(f: Facts, p: Journey) -> z3.BoolRef:
    """And into it only a maintainer, by consent."""
    begins = z3.And(p.passes, p.routed.is_(Field.CT_STATE, "new", "invalid", "untracked"))
    out = z3.And(f.from_lan(p.wire), z3.Or(f.to_lan(p.routed), f.is_listed(p.wire)))
    into = z3.And(f.from_tunnel(p.wire), f.to_lan(p.routed), f.asks_by_consent(p.routed))
    return z3.Implies(begins, z3.Or(out, into))


@always("A lapsed proof closes the way by itself", THROUGH)
def what_is_not_proven_now_is_refused_though_it_was(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(
            f.from_lan(p.wire),
            z3.Not(f.is_forged_on_lan(p.wire)),
            f.to_tunnel(p.routed),
            p.routed.is_(Field.CT_STATE, "established"),
            z3.Not(f.to_proven(p.routed, names.ENGINE_VERIFIED)),
            z3.Not(f.answers_by_consent(p.routed)),
        ),
        p.refused,
    )


@always("A LAN client never waits in silence", INWARD, THROUGH)
def the_lan_is_answered_unless_it_lies_or_shouts(f: Facts, p: Journey) -> z3.BoolRef:
    """Or a MAP-E line's guard stops what other rules than these have begun, which has another's port for ever."""
    shouts = z3.And(p.routed.is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast"), z3.BoolVal(p.way is INWARD))
    stopped = p.is_counted(names.STOPPED_PORTS)
    return z3.Implies(z3.And(f.from_lan(p.wire), p.dropped), z3.Or(f.is_forged_on_lan(p.wire), shouts, stopped))


@always("A LAN client never waits in silence", INWARD)
def shouting_is_never_answered(f: Facts, p: Journey) -> z3.BoolRef:
    """RFC 1122 section 3.2.2."""
    shouts = p.routed.is_(Field.FIB_DESTINATION_TYPE, "broadcast", "multicast")
    may = z3.Not(f.is_stopped_at_the_guard(p.wire))
    return z3.Implies(z3.And(f.from_lan(p.wire), shouts, may), z3.Not(p.refused))


@always("A LAN client never waits in silence", NOWHERE)
def what_begins_without_a_way_is_refused(f: Facts, p: Journey) -> z3.BoolRef:
    """What belongs to no connection that lives."""
    honest = z3.And(f.from_lan(p.wire), z3.Not(f.is_forged_on_lan(p.wire)))
    return z3.Implies(z3.And(honest, p.routed.is_(Field.CT_STATE, "new", "invalid", "untracked")), p.refused)


@always("A lapsed proof closes the way by itself", NOWHERE)
def what_is_not_proven_now_is_refused_though_there_is_no_way(f: Facts, p: Journey) -> z3.BoolRef:
    """But while its engine's proof lives, a connection outlasts that nothing leads there. Without tunnels an engine may
    be anywhere."""
    honest = z3.And(f.from_lan(p.wire), z3.Not(f.is_forged_on_lan(p.wire)))
    anywhere = z3.And(f.is_direct, p.routed.is_(Field.FAMILY, "ipv4"))
    to_center = z3.Or(anywhere, p.routed.is_(Field.DESTINATION4, *f.prefixes))
    proven = f.to_proven(p.routed, names.ENGINE_VERIFIED)
    tcp = p.routed.is_(Field.L4PROTO, "tcp")
    terminal = z3.And(f.is_listed(p.wire), z3.Not(f.is_on_internet(p.wire)))
    lives = z3.And(honest, terminal, to_center, proven, p.routed.is_(Field.CT_STATE, "established"))
    outlasts = z3.And(lives, z3.Not(f.is_stopped_at_the_guard(p.wire)))
    return z3.And(
        z3.Implies(z3.And(honest, tcp, to_center, z3.Not(proven)), p.refused),
        z3.Implies(outlasts, z3.Not(p.refused)),
    )


@always("A LAN client never waits in silence", INWARD, THROUGH, NOWHERE)
def what_the_lan_is_refused_is_counted(f: Facts, p: Journey) -> z3.BoolRef:
    """An impostor's as such, unless there was no way at all, or the guard knew it for one on the internet; nothing else
    is."""
    refused = z3.And(f.from_lan(p.wire), p.refused)
    before = z3.Or(z3.BoolVal(p.way is NOWHERE), f.is_on_internet(p.wire))
    impostor = z3.And(refused, f.is_impostor(p.wire), z3.Not(before))
    return z3.And(
        z3.Implies(impostor, p.is_counted(names.REFUSED_IMPOSTOR)),
        z3.Implies(p.is_counted(names.REFUSED_IMPOSTOR), z3.And(refused, f.is_impostor(p.wire))),
        z3.Or(*map(p.is_counted, (names.REFUSED_LAN, names.REFUSED_IMPOSTOR, names.REFUSED_PORTS))) == refused,
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
    return z3.And(
        z3.Implies(comes_here, p.untracked), z3.Implies(z3.And(impostor, z3.Not(asks), z3.Not(shouts)), p.refused)
    )


@always("Nobody wears a terminal's address", INWARD, THROUGH)
def what_has_a_connection_is_tracked(f: Facts, p: Journey) -> z3.BoolRef:
    """All but impostors, and what turns round to an inner router."""
    left_out = z3.And(f.from_lan(p.wire), z3.Or(f.is_impostor(p.wire), f.turns_round(p.wire)))
    return z3.Implies(p.untracked, left_out)


@always("A local port behind a redirect is not reached directly", INWARD)
def the_lan_reaches_the_routers_services_and_no_others(f: Facts, p: Journey) -> z3.BoolRef:
    services = z3.Or(
        z3.And(p.routed.is_(Field.TCP_DPORT, *_PAGE_PORTS), p.routed.is_(Field.CT_STATUS, "dnat")),
        p.routed.is_(Field.UDP_DPORT, 53, 123),
        p.routed.is_(Field.TCP_DPORT, 53),
        p.routed.is_(Field.ICMP_TYPE, "echo-request"),
    )
    asks_address = z3.And(p.routed.is_(Field.UDP_SPORT, 68), p.routed.is_(Field.UDP_DPORT, 67))
    dhcp = z3.And(f.serves_dhcp(p.wire, Field.IIF), asks_address)
    behind_redirects = z3.Or(
        p.routed.is_(Field.TCP_DPORT, *f.gate_ports),
        z3.And(f.is_listed(p.wire), f.is_on_internet(p.wire), _outside_names(p)),
    )
    known = z3.Not(p.routed.is_(Field.CT_STATE, "invalid", "untracked"))
    return z3.Implies(
        z3.And(f.from_lan(p.wire), p.passes, z3.Not(f.answer(p.routed))),
        z3.Or(
            z3.And(known, services, f.to_router(p.routed)),
            z3.And(known, behind_redirects, p.routed.is_(Field.CT_STATUS, "dnat")),
            dhcp,
        ),
    )


@always("The LAN is served", INWARD)
def names_time_ping_and_the_page_are_served(f: Facts, p: Journey) -> z3.BoolRef:
    honest = z3.And(
        f.from_lan(p.wire),
        z3.Not(f.is_forged_on_lan(p.wire)),
        z3.Not(f.is_impostor(p.wire)),
        f.to_router(p.routed),
        f.question(p.routed),
    )
    page = z3.Or(
        z3.And(p.fresh, f.to_router(p.wire), p.wire.is_(Field.TCP_DPORT, 80, 443)),
        z3.And(z3.Not(p.fresh), p.routed.is_(Field.CT_STATUS, "dnat"), p.routed.is_(Field.TCP_DPORT, *_PAGE_PORTS)),
    )
    asked = z3.Or(
        p.routed.is_(Field.UDP_DPORT, 53, 123),
        p.routed.is_(Field.TCP_DPORT, 53),
        p.routed.is_(Field.ICMP_TYPE, "echo-request"),
        page,
    )
    # The router's own address is no engine's.
    own = z3.Not(z3.Or(f.to_proven(p.wire, names.GATE_VERIFIED), f.leads_where_fast_ways_lead(p.wire)))
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
    return z3.Implies(z3.And(f.serves_dhcp(p.wire, Field.IIF), asks), p.passes)


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
    """And asks the clinic's own DNS servers, where there are any."""
    known = p.routed.is_(Field.CT_STATE, "established")
    pings = p.routed.is_(Field.ICMP_TYPE, "echo-request")
    wanted = z3.Or(_gives_an_address(f, p), _asks_names_inside(f, p), known, pings)
    return z3.Implies(z3.And(f.to_lan(p.routed), wanted), p.passes)


@always("The router begins nothing on the LAN", OUTWARD)
def to_the_lan_go_only_answers_probes_addresses_names_and_pings(f: Facts, p: Journey) -> z3.BoolRef:
    errors = ("destination-unreachable", "time-exceeded", "parameter-problem", "echo-request")
    return z3.Implies(
        z3.And(f.to_lan(p.routed), p.passes),
        z3.Or(
            p.routed.is_(Field.CT_STATE, "established", "related"),
            p.routed.is_(Field.TCP_FLAGS_RST),
            p.routed.is_(Field.ICMP_TYPE, *errors),
            z3.And(p.routed.is_(Field.MARK, f.probe_mark), p.routed.is_(Field.L4PROTO, "tcp")),
            _gives_an_address(f, p),
            _asks_names_inside(f, p),
        ),
    )


def _outside_names(p: Journey) -> z3.BoolRef:
    port = names.OUTSIDE_NAMES_PORT
    return z3.Or(p.routed.is_(Field.UDP_DPORT, port), p.routed.is_(Field.TCP_DPORT, port))


def _gives_an_address(f: Facts, p: Journey) -> z3.BoolRef:
    gives = z3.And(p.routed.is_(Field.UDP_SPORT, 67), p.routed.is_(Field.UDP_DPORT, 68))
    return z3.And(f.serves_dhcp(p.routed, Field.OIF), gives)


def _asks_names_inside(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.And(
        p.routed.is_(Field.UID, names.NAMES_USER),
        p.routed.is_(Field.DESTINATION4, *f.names_inside),
        z3.Or(p.routed.is_(Field.UDP_DPORT, 53), p.routed.is_(Field.TCP_DPORT, 53)),
    )
