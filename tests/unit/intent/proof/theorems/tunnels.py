"""The tunnels: the data center measures, answers and monitors; only what is proven, or proves, speaks to it."""

from __future__ import annotations

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.packet import any_of
from tests.unit.intent.proof.proving import always
from tests.unit.intent.proof.theorems import line

INWARD, THROUGH, OUTWARD = Way.INWARD, Way.THROUGH, Way.OUTWARD
BFD = 3784
"""RFC 5881 section 4."""


@always("Nobody in the data center opens a connection to the clinic", THROUGH)
def from_a_tunnel_only_answers_reach_the_lan(f: Facts, p: Journey) -> z3.BoolRef:
    """And what a maintainer asks by the clinic's consent: theorems/maintenance.py."""
    answers = z3.And(f.answer(p.routed), p.routed.is_(Field.L4PROTO, "tcp"))
    return z3.Implies(
        z3.And(f.from_tunnel(p.wire), p.passes),
        z3.And(f.to_lan(p.routed), z3.Or(answers, f.error(p.routed), f.asks_by_consent(p.routed))),
    )


@always("Nobody in the data center opens a connection to the clinic", INWARD)
def from_a_tunnel_only_answers_bfd_and_monitoring_reach_the_router(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.Implies(
        z3.And(f.from_tunnel(p.wire), p.passes),
        z3.Or(f.answer(p.routed), f.error(p.routed), _bfd_from_the_neighbour(f, p), _monitoring(f, p)),
    )


@always("Nobody in the data center opens a connection to the clinic", INWARD, THROUGH)
def the_data_center_meets_silence(f: Facts, p: Journey) -> z3.BoolRef:
    """And what it is denied is counted."""
    denied = z3.And(f.from_tunnel(p.wire), p.dropped)
    return z3.And(z3.Implies(f.from_tunnel(p.wire), z3.Not(p.refused)), p.is_counted(names.DROPPED_TUNNEL) == denied)


@always("Anti-spoofing", INWARD, THROUGH)
def from_a_tunnel_only_the_data_center_speaks(f: Facts, p: Journey) -> z3.BoolRef:
    foreign = z3.And(p.wire.is_(Field.FAMILY, "ipv4"), z3.Not(p.wire.is_(Field.SOURCE4, *f.prefixes)))
    return z3.Implies(z3.And(f.from_tunnel(p.wire), foreign), p.forgotten)


@always("The data center is heard", INWARD)
def answers_bfd_and_monitoring_reach_the_router(f: Facts, p: Journey) -> z3.BoolRef:
    wanted = z3.Or(f.answer(p.routed), f.error(p.routed), _bfd_from_the_neighbour(f, p), _monitoring(f, p))
    ours = p.wire.is_(Field.SOURCE4, *f.prefixes)
    return z3.Implies(z3.And(f.from_tunnel(p.wire), ours, wanted), p.passes)


@always("The data center is heard", THROUGH)
def an_engines_answers_reach_its_terminal(f: Facts, p: Journey) -> z3.BoolRef:
    """With errors about its connection, so that path MTU works (RFC 1191)."""
    answers = z3.Or(z3.And(f.answer(p.routed), p.routed.is_(Field.L4PROTO, "tcp")), f.error(p.routed))
    ours = p.wire.is_(Field.SOURCE4, *f.prefixes)
    return z3.Implies(z3.And(f.from_tunnel(p.wire), ours, f.to_lan(p.routed), answers), p.passes)


@always("The gate cannot speak with an unproven engine, whoever is alive", OUTWARD)
def gate_and_page_speak_only_to_the_lan_and_the_gate_to_proven_engines(f: Facts, p: Journey) -> z3.BoolRef:
    """The kernel leaves their names on the tunnels' outer packets too. Where there are no tunnels, by the line."""
    proven = z3.And(p.routed.is_(Field.UID, names.GATE_USER), f.to_proven(p.routed, names.GATE_VERIFIED))
    outer = z3.And(f.to_line(p.routed), line.is_a_tunnels(f, p))
    elsewhere = z3.Not(z3.Or(f.to_lan(p.routed), p.routed.is_(Field.OIF, "lo"), outer))
    carries_nothing = z3.Or(p.routed.is_(Field.TCP_FLAGS_RST), _bfd_to_the_neighbour(f, p))
    return z3.Implies(
        z3.And(p.routed.is_(Field.UID, names.GATE_USER, names.PAGE_USER), elsewhere, p.passes),
        z3.Or(
            z3.And(f.to_tunnel(p.routed), z3.Or(proven, carries_nothing)),
            z3.And(f.is_direct, f.to_line(p.routed), proven),
        ),
    )


@always("The gate cannot speak with an unproven engine, whoever is alive", OUTWARD)
def what_has_no_owner_speaks_only_to_the_proven(f: Facts, p: Journey) -> z3.BoolRef:
    """What a dead process left behind."""
    begun = z3.And(p.routed.is_(Field.CT_STATE, "established"), p.routed.is_(Field.CT_DIRECTION, "original"))
    proven = z3.Or(f.to_proven(p.routed, names.GATE_VERIFIED), f.to_proven(p.routed, names.ENGINE_VERIFIED))
    ownerless = z3.Not(p.routed.fields[Field.UID].present)
    allowed = z3.Or(
        z3.And(begun, proven),
        f.answer(p.routed),
        p.routed.is_(Field.TCP_FLAGS_RST),
        _asks_the_resolver(f, p),
    )
    tcp = p.routed.is_(Field.L4PROTO, "tcp")
    return z3.Implies(z3.And(f.to_tunnel(p.routed), ownerless, tcp, p.passes), allowed)


@always("The gate cannot speak with an unproven engine, whoever is alive", OUTWARD)
def the_gate_reaches_proven_engines(f: Facts, p: Journey) -> z3.BoolRef:
    """And what it left behind may end, also of what was passed through for the terminals."""
    begun = z3.And(p.routed.is_(Field.CT_STATE, "established"), p.routed.is_(Field.CT_DIRECTION, "original"))
    ownerless = z3.Not(p.routed.fields[Field.UID].present)
    gate = z3.And(
        p.routed.is_(Field.UID, names.GATE_USER), f.question(p.routed), f.to_proven(p.routed, names.GATE_VERIFIED)
    )
    ends = z3.And(
        ownerless,
        begun,
        z3.Or(f.to_proven(p.routed, names.GATE_VERIFIED), f.to_proven(p.routed, names.ENGINE_VERIFIED)),
    )
    return z3.Implies(z3.And(f.to_tunnel(p.routed), z3.Or(gate, ends, p.routed.is_(Field.TCP_FLAGS_RST))), p.passes)


@always("The prover can reach what is not proven yet", OUTWARD)
def the_prover_reaches_the_services_and_nobody_else_begins_there(f: Facts, p: Journey) -> z3.BoolRef:
    service = z3.And(
        p.routed.is_(Field.DESTINATION4, *f.prefixes),
        p.routed.is_(Field.TCP_DPORT, *f.asked_ports),
    )
    root = z3.And(p.routed.is_(Field.UID, 0), service)
    gate = z3.And(p.routed.is_(Field.UID, names.GATE_USER), f.to_proven(p.routed, names.GATE_VERIFIED))
    begins = z3.And(p.passes, p.routed.is_(Field.L4PROTO, "tcp"), p.routed.is_(Field.CT_STATE, "new"))
    carries_nothing = p.routed.is_(Field.TCP_FLAGS_RST)
    return z3.Implies(
        f.to_tunnel(p.routed),
        z3.And(
            z3.Implies(root, p.passes),
            z3.Implies(begins, z3.Or(root, gate, carries_nothing, _asks_the_resolver(f, p))),
        ),
    )


@always("The prover can reach what is not proven yet", OUTWARD)
def bfd_names_and_monitorings_answers_leave_by_the_tunnels(f: Facts, p: Journey) -> z3.BoolRef:
    ours = z3.Not(p.routed.is_(Field.UID, names.GATE_USER, names.PAGE_USER))
    wanted = z3.Or(_asks_the_resolver(f, p), f.answer(p.routed), _asks_the_time(f, p))
    return z3.Implies(
        f.to_tunnel(p.routed),
        z3.Implies(z3.Or(_bfd_to_the_neighbour(f, p), _measures_the_path(f, p), z3.And(ours, wanted)), p.passes),
    )


@always("The prover can reach what is not proven yet", OUTWARD)
def into_the_tunnels_the_router_says_nothing_else(f: Facts, p: Journey) -> z3.BoolRef:
    begun = z3.And(p.routed.is_(Field.CT_STATE, "established"), p.routed.is_(Field.CT_DIRECTION, "original"))
    allowed = z3.Or(
        _bfd_to_the_neighbour(f, p),
        _measures_the_path(f, p),
        _asks_the_time(f, p),
        p.routed.is_(Field.TCP_FLAGS_RST),
        _asks_the_resolver(f, p),
        f.answer(p.routed),
        z3.And(p.routed.is_(Field.UID, 0), p.routed.is_(Field.TCP_DPORT, *f.asked_ports)),
        z3.And(p.routed.is_(Field.UID, names.GATE_USER), f.to_proven(p.routed, names.GATE_VERIFIED)),
        z3.And(begun, f.to_proven(p.routed, names.GATE_VERIFIED)),
        z3.And(begun, f.to_proven(p.routed, names.ENGINE_VERIFIED)),
    )
    return z3.Implies(z3.And(f.to_tunnel(p.routed), p.passes), allowed)


@always("Connections survive a fail-over", THROUGH, OUTWARD)
def the_lan_is_seen_by_one_address_on_every_tunnel(f: Facts, p: Journey) -> z3.BoolRef:
    own = p.wire.is_(Field.SOURCE4, *f.intent.lan.networks)
    leaves = z3.And(p.fresh, p.passes, f.to_tunnel(p.routed), own)
    return z3.Implies(leaves, z3.And(*(p.source == int(address) for address in f.inner)))


@always("Connections survive a fail-over", THROUGH, OUTWARD)
def nothing_else_changes_its_sender(f: Facts, p: Journey) -> z3.BoolRef:
    """What terminals have on the internet: `out_there_the_lan_has_the_lines_address`."""
    own = p.wire.is_(Field.SOURCE4, *f.intent.lan.networks)
    out = z3.Or(f.to_tunnel(p.routed), z3.And(f.lets_out, f.to_line(p.routed)))
    elsewhere = z3.Not(z3.Or(z3.And(out, own), p.routed.is_(Field.OIF, *f.shared)))
    return z3.Implies(elsewhere, p.source == p.wire.fields[Field.SOURCE4].value)


@always("No black hole by MTU", THROUGH)
def every_segment_size_is_clamped_to_the_way_out(f: Facts, p: Journey) -> z3.BoolRef:
    """Through a tunnel, or by the line to the internet; in both directions, and nowhere else."""
    by_tunnel = z3.Or(f.from_tunnel(p.wire), f.to_tunnel(p.routed))
    by_line = z3.And(f.lets_out, z3.Or(f.from_line(p.wire), f.to_line(p.routed)))
    begins = z3.And(z3.Or(by_tunnel, by_line), p.routed.is_(Field.TCP_FLAGS_SYN))
    return z3.And(z3.Implies(z3.And(begins, p.passes), p.clamped), z3.Implies(p.clamped, begins))


def _bfd_from_the_neighbour(f: Facts, p: Journey) -> z3.BoolRef:
    """From no further away: RFC 5881 section 5."""
    return z3.And(
        any_of(
            z3.And(p.wire.is_(Field.IIF, tunnel.interface), p.routed.is_(Field.SOURCE4, tunnel.peer_address))
            for tunnel in f.intent.tunnels
        ),
        p.routed.is_(Field.DESTINATION4, *f.inner),
        p.routed.is_(Field.UDP_DPORT, BFD),
        p.routed.is_(Field.TTL, 255),
    )


def _bfd_to_the_neighbour(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.And(
        any_of(
            z3.And(p.routed.is_(Field.OIF, tunnel.interface), p.routed.is_(Field.DESTINATION4, tunnel.peer_address))
            for tunnel in f.intent.tunnels
        ),
        p.routed.is_(Field.UDP_DPORT, BFD),
    )


def _measures_the_path(f: Facts, p: Journey) -> z3.BoolRef:
    """By root's echo requests to the far end: RFC 8899."""
    return z3.And(
        any_of(
            z3.And(p.routed.is_(Field.OIF, tunnel.interface), p.routed.is_(Field.DESTINATION4, tunnel.peer_address))
            for tunnel in f.intent.tunnels
        ),
        p.routed.is_(Field.UID, 0),
        p.routed.is_(Field.ICMP_TYPE, "echo-request"),
    )


def _monitoring(f: Facts, p: Journey) -> z3.BoolRef:
    reads = z3.And(f.question(p.routed), p.routed.is_(Field.TCP_DPORT, names.METRICS_PORT))
    return z3.And(
        p.routed.is_(Field.SOURCE4, *f.intent.monitoring),
        p.routed.is_(Field.DESTINATION4, *f.inner),
        z3.Or(reads, p.routed.is_(Field.ICMP_TYPE, "echo-request")),
    )


def _asks_the_resolver(f: Facts, p: Journey) -> z3.BoolRef:
    asks = z3.Or(p.routed.is_(Field.UDP_DPORT, 53), p.routed.is_(Field.TCP_DPORT, 53))
    return z3.And(p.routed.is_(Field.DESTINATION4, *f.intent.tunnel_dns), asks)


def _asks_the_time(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.And(
        p.routed.is_(Field.UID, names.TIME_USER),
        p.routed.is_(Field.DESTINATION4, *f.intent.time.inside),
        p.routed.is_(Field.UDP_DPORT, 123),
    )
