"""A MAP-E line's address and ports: what leaves by it has them, and gets them as long as any block has room."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import z3

from appliance.intent import names
from appliance.intent.firewall import Field
from appliance.intent.map_e import Share
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.packet import View, any_of
from tests.unit.intent.proof.proving import always
from tests.unit.intent.proof.theorems import direct, internet, line

THROUGH, OUTWARD = Way.THROUGH, Way.OUTWARD
OWN = "Nothing leaves with another customer's address or port"


@always(OWN, THROUGH, OUTWARD)
def by_a_map_e_line_leave_only_our_address_and_ports(f: Facts, p: Journey) -> z3.BoolRef:
    """Every packet, also of connections that began under other rules; nothing before the line has said what is ours."""
    return z3.And(
        *(
            z3.Implies(
                z3.And(p.passes, p.departs.is_(Field.OIF, interface)),
                z3.BoolVal(False) if share is None else _is_ours(p.departs, share),
            )
            for interface, share in f.shared.items()
        )
    )


@always(OWN, OUTWARD)
def what_may_leave_does_as_long_as_a_block_has_room(f: Facts, p: Journey) -> z3.BoolRef:
    """And what has its port already goes on."""

    def room(interface: str, share: Share) -> z3.BoolRef:
        return any_of(_room(f, p, interface, share))

    return _leaves(f, p, lambda interface: _may_leave(f, p, interface), room)


@always(OWN, THROUGH)
def what_a_terminal_asks_leaves_as_long_as_a_block_has_room(f: Facts, p: Journey) -> z3.BoolRef:
    """An echo request's identifier stands for its port."""

    def may(interface: str) -> z3.BoolRef:
        return z3.And(_terminal_asks(f, p), z3.Not(_finds_none(f, p, interface)))

    def room(interface: str, share: Share) -> z3.BoolRef:
        echo_room = any_of(_echo_room(f, p, interface, share))
        return z3.Or(
            z3.And(p.routed.is_(Field.L4PROTO, "tcp", "udp"), any_of(_room(f, p, interface, share))),
            z3.And(p.routed.is_(Field.ICMP_TYPE, "echo-request"), echo_room),
        )

    return _leaves(f, p, may, room)


@always(OWN, OUTWARD)
def who_finds_no_port_is_refused_and_counted(f: Facts, p: Journey) -> z3.BoolRef:
    """The tunnels are never asked: nobody else talks to where they lead."""
    asked = z3.And(_outside(f, p), z3.Not(line.is_a_tunnels(f, p)))
    return z3.And(
        *(
            z3.Implies(
                z3.And(p.routed.is_(Field.OIF, interface), asked),
                p.is_counted(names.REFUSED_PORTS) == _finds_none(f, p, interface),
            )
            for interface in f.shared
        )
    )


@always(OWN, THROUGH)
def which_terminal_finds_no_port_is_refused_and_counted(f: Facts, p: Journey) -> z3.BoolRef:
    """For what would not leave anyway no port is looked for."""
    inside = p.routed.is_(Field.DESTINATION4, *f.inside)
    return z3.And(
        z3.Implies(p.is_counted(names.REFUSED_PORTS), z3.Not(inside)),
        *(
            z3.Implies(
                z3.And(p.routed.is_(Field.OIF, interface), _terminal_asks(f, p)),
                p.is_counted(names.REFUSED_PORTS) == _finds_none(f, p, interface),
            )
            for interface in f.shared
        ),
    )


def _leaves(
    f: Facts, p: Journey, may: Callable[[str], z3.BoolRef], room: Callable[[str, Share], z3.BoolRef]
) -> z3.BoolRef:
    """What may leave by each of the lines, and has its port already or finds room for one, does."""
    return z3.And(
        *(
            z3.Implies(
                z3.And(
                    p.routed.is_(Field.OIF, interface),
                    may(interface),
                    z3.If(p.fresh, room(interface, share), _is_ours(p.departs, share)),
                ),
                p.passes,
            )
            for interface, share in f.shared.items()
            if share
        )
    )


def _terminal_asks(f: Facts, p: Journey) -> z3.BoolRef:
    """Switched to the internet, or an engine that is there."""
    return z3.Or(internet.asks(f, p), direct.asks(f, p))


def _outside(f: Facts, p: Journey) -> z3.BoolRef:
    return z3.And(p.routed.is_(Field.FAMILY, "ipv4"), z3.Not(p.routed.is_(Field.DESTINATION4, *f.inside)))


def _may_leave(f: Facts, p: Journey, interface: str) -> z3.BoolRef:
    """What has ports: a question for a name, the time, an engine on the internet, a tunnel."""
    ours = z3.Not(p.routed.is_(Field.UID, names.GATE_USER, names.PAGE_USER))
    wanted = z3.Or(z3.And(ours, z3.Or(line.goes_out(f, p), direct.goes_out(f, p))), direct.gate_asks(f, p))
    asks = z3.And(wanted, z3.Not(_finds_none(f, p, interface)))
    return z3.And(_outside(f, p), p.routed.is_(Field.L4PROTO, "tcp", "udp"), z3.Or(line.is_a_tunnels(f, p), asks))


def _finds_none(f: Facts, p: Journey, interface: str) -> z3.BoolRef:
    """What NAT could not tell apart, and what is more than there are ports towards one destination."""
    at, name = p.routed, _name(f, interface)
    port = tuple(at.fields[field].value for field in (Field.L4PROTO, Field.DESTINATION4, Field.DPORT))
    echo = at.is_(Field.ICMP_TYPE, "echo-request")
    return z3.Or(
        z3.Not(at.is_(Field.L4PROTO, "tcp", "udp", "icmp")),
        z3.And(
            at.is_(Field.CT_STATE, "new"),
            z3.Or(
                z3.And(at.is_(Field.L4PROTO, "tcp", "udp"), at.sets.holds(f"{name}_port_users", port)),
                z3.And(echo, at.sets.holds(f"{name}_echo_users", port[1:2])),
                z3.And(at.is_(Field.L4PROTO, "icmp"), z3.Not(echo)),
            ),
        ),
    )


def _name(f: Facts, interface: str) -> str:
    return next(one.name for one in f.intent.lines if one.interface == interface)


def _is_ours(at: View, share: Share) -> z3.BoolRef:
    blocks = share.blocks
    ported = z3.And(at.is_(Field.L4PROTO, "tcp", "udp"), at.is_(Field.SPORT, *blocks))
    echoes = at.is_(Field.ICMP_TYPE, "echo-request", "echo-reply")
    told = z3.And(at.is_(Field.L4PROTO, "icmp"), z3.Implies(echoes, at.is_(Field.ICMP_ID, *blocks)))
    return z3.And(at.is_(Field.SOURCE4, share.address), z3.Or(ported, told))


def _room(f: Facts, p: Journey, interface: str, share: Share) -> Iterator[z3.BoolRef]:
    """Of each block, towards where the packet goes."""
    name = _name(f, interface)
    key = tuple(p.routed.fields[field].value for field in (Field.L4PROTO, Field.DESTINATION4, Field.DPORT))
    for number in range(1, len(share.blocks) + 1):
        yield z3.Not(p.routed.sets.holds(f"{name}_port_full", (z3.BitVecVal(number, 32), *key)))


def _echo_room(f: Facts, p: Journey, interface: str, share: Share) -> Iterator[z3.BoolRef]:
    to = p.routed.fields[Field.DESTINATION4].value
    for number in range(1, len(share.blocks) + 1):
        yield z3.Not(p.routed.sets.holds(f"{_name(f, interface)}_echo_full", (z3.BitVecVal(number, 32), to)))
