"""Remote maintenance: by consent only, to one service of one terminal, for as long as the kernel counts."""

from __future__ import annotations

import z3

from appliance.intent.firewall import Field
from tests.unit.intent.proof.arrival import Way
from tests.unit.intent.proof.facts import Facts
from tests.unit.intent.proof.journey import Journey
from tests.unit.intent.proof.proving import always

INWARD, THROUGH = Way.INWARD, Way.THROUGH
PROMISE = "A maintainer reaches only what the clinic has opened to him"


@always(PROMISE, THROUGH)
def who_comes_in_by_a_tunnel_comes_by_consent(f: Facts, p: Journey) -> z3.BoolRef:
    """Every packet, not only the first: when the time is up, the next one is dropped."""
    answers = z3.Or(f.answer(p.routed), f.error(p.routed))
    comes_in = z3.And(f.from_tunnel(p.wire), p.passes, z3.Not(answers))
    return z3.Implies(comes_in, z3.And(f.to_lan(p.routed), f.asks_by_consent(p.routed)))


@always(PROMISE, INWARD, THROUGH)
def a_maintainer_is_led_to_one_terminals_service(f: Facts, p: Journey) -> z3.BoolRef:
    """Nobody else from a tunnel is led anywhere."""
    led = z3.And(f.from_tunnel(p.wire), p.redirected)
    return z3.Implies(led, z3.And(f.asks_for_a_target(p.wire), f.led_to_its_target(p.wire, p.routed)))


@always(PROMISE, INWARD, THROUGH)
def whoever_may_come_is_led_there(f: Facts, p: Journey) -> z3.BoolRef:
    ours = p.wire.is_(Field.SOURCE4, *f.prefixes)
    asks = z3.And(p.fresh, f.from_tunnel(p.wire), ours, f.asks_for_a_target(p.wire))
    return z3.Implies(asks, f.led_to_its_target(p.wire, p.routed))


@always(PROMISE, THROUGH)
def by_consent_a_maintainer_reaches_it_and_is_answered(f: Facts, p: Journey) -> z3.BoolRef:
    ours = p.wire.is_(Field.SOURCE4, *f.prefixes)
    tcp = p.routed.is_(Field.L4PROTO, "tcp")
    asks = z3.And(f.from_tunnel(p.wire), ours, f.to_lan(p.routed), tcp, f.asks_by_consent(p.routed))
    answers = z3.And(
        f.from_lan(p.wire),
        f.is_listed(p.wire),
        z3.Not(f.is_on_internet(p.wire)),
        z3.Not(f.is_forged_on_lan(p.wire)),
        z3.Not(f.is_stopped_at_the_guard(p.wire)),
        f.to_tunnel(p.routed),
        f.answers_by_consent(p.routed),
    )
    return z3.Implies(z3.Or(asks, answers), p.passes)


@always(PROMISE, THROUGH)
def when_the_time_is_up_the_terminal_is_refused(f: Facts, p: Journey) -> z3.BoolRef:
    """So that it forgets the connection."""
    left = z3.And(
        f.from_lan(p.wire),
        z3.Not(f.is_forged_on_lan(p.wire)),
        f.to_tunnel(p.routed),
        f.answer(p.routed),
        z3.Not(f.answers_by_consent(p.routed)),
    )
    return z3.Implies(left, p.refused)
