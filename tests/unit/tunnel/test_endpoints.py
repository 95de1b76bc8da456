from __future__ import annotations

import asyncio
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.tunnel import endpoints
from appliance.tunnel.endpoints import (
    ADDRESS_PATIENCE,
    LONGEST_BACKOFF,
    RENEW_EVERY,
    Address,
    Carries,
    Command,
    Endpoint,
    EndpointLost,
    Endpoints,
    Event,
    HandshakeFresh,
    HandshakeOld,
    LineChanged,
    Resolve,
    Resolved,
    ResolveFailed,
    SetEndpoint,
    Started,
    Tick,
    resolve,
)
from appliance.tunnel.names import Reason, Unresolved

ONE, TWO, THREE = (IPv4Address(f"198.51.100.{last}") for last in (11, 12, 13))
SIX, SEVEN = (IPv6Address(f"2001:db8:11::{last}") for last in (6, 7))
FIRST = Endpoint("dc1", "vpn1.dc.example", 51820)
SECOND = Endpoint("dc2", "vpn2.dc.example", 51820)
LITERAL = Endpoint("dc3", "198.51.100.13", 51821)


def started(*endpoints: Endpoint) -> Endpoints:
    core = Endpoints(endpoints)
    core.handle(Started(0.0))
    return core


def test_a_start_asks_every_name_and_sets_what_needs_no_asking() -> None:
    core = Endpoints([FIRST, SECOND, LITERAL])
    assert core.addresses() == frozenset()
    assert core.handle(Started(0.0)) == [
        SetEndpoint("dc3", THREE, 51821),
        Resolve("vpn1.dc.example"),
        Resolve("vpn2.dc.example"),
    ]
    assert core.next_deadline() is None
    assert core.handle(Resolved("vpn1.dc.example", (ONE,), 0.1)) == [SetEndpoint("dc1", ONE, 51820)]
    assert core.handle(Resolved("vpn2.dc.example", (TWO,), 0.2)) == [SetEndpoint("dc2", TWO, 51820)]
    assert core.addresses() == {(ONE, 51820), (TWO, 51820), (THREE, 51821)}


def test_all_is_well_every_five_minutes() -> None:
    core = started(FIRST)
    core.handle(Resolved(FIRST.host, (ONE,), 0.5))
    assert core.next_deadline() == RENEW_EVERY
    assert core.handle(Tick(RENEW_EVERY - 1)) == []
    assert core.handle(Tick(RENEW_EVERY)) == [Resolve(FIRST.host)]
    assert core.handle(Tick(RENEW_EVERY + 1)) == []
    # The same address among others, in another order: nothing to set.
    assert core.handle(Resolved(FIRST.host, (TWO, ONE), RENEW_EVERY + 1)) == []
    assert core.handle(Tick(2 * RENEW_EVERY)) == [Resolve(FIRST.host)]
    assert core.handle(Resolved(FIRST.host, (TWO,), 601.0)) == [SetEndpoint("dc1", TWO, 51820)]


def test_a_resolver_that_fails_takes_nothing_away_and_is_asked_slower_and_slower() -> None:
    core = started(FIRST)
    core.handle(Resolved(FIRST.host, (ONE,), 0.0))
    now, pauses = RENEW_EVERY, []
    assert core.handle(Tick(now)) == [Resolve(FIRST.host)]
    for _ in range(9):
        assert core.handle(ResolveFailed(FIRST.host, now)) == []
        deadline = core.next_deadline()
        assert deadline is not None
        pauses.append(deadline - now)
        now = deadline
        assert core.handle(Tick(now)) == [Resolve(FIRST.host)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert core.addresses() == {(ONE, 51820)}


def test_another_line_asks_at_once() -> None:
    core = started(FIRST)
    for at in range(5):
        core.handle(ResolveFailed(FIRST.host, float(at * 100)))
        core.handle(Tick(at * 100 + 99.0))
    core.handle(ResolveFailed(FIRST.host, 500.0))
    assert core.handle(LineChanged(501.0)) == [Resolve(FIRST.host)]


def test_a_line_that_changes_during_a_look_up_asks_again_when_it_fails() -> None:
    core = started(FIRST)
    assert core.handle(LineChanged(1.0)) == []
    assert core.handle(ResolveFailed(FIRST.host, 4.0)) == [Resolve(FIRST.host)]


def test_an_overdue_handshake_asks_and_tries_the_other_addresses() -> None:
    core = started(FIRST)
    core.handle(Resolved(FIRST.host, (ONE, TWO), 0.0))
    assert core.addresses() == {(ONE, 51820)}
    assert core.handle(HandshakeOld("dc1", 200.0)) == [Resolve(FIRST.host)]
    assert core.handle(Resolved(FIRST.host, (ONE, TWO), 200.1)) == [SetEndpoint("dc1", TWO, 51820)]
    # Each address gets its time, then it is the next one's turn.
    now = 200.1
    chosen = []
    while len(chosen) < 4:
        now += 1.0
        for command in core.handle(HandshakeOld("dc1", now)):
            assert command == Resolve(FIRST.host)
            for told in core.handle(Resolved(FIRST.host, (ONE, TWO, THREE), now)):
                assert isinstance(told, SetEndpoint)
                assert now >= 200.1 + ADDRESS_PATIENCE
                chosen.append(told.address)
    assert chosen == [THREE, ONE, TWO, ONE]
    assert core.handle(HandshakeFresh("dc1", now + 1)) == []
    deadline = core.next_deadline()
    assert deadline is not None and deadline > now + LONGEST_BACKOFF


def test_an_interface_made_anew_gets_its_endpoint_back_at_once() -> None:
    core = started(FIRST, LITERAL)
    assert core.handle(EndpointLost("dc1", 1.0)) == []
    assert core.handle(EndpointLost("dc3", 1.0)) == [SetEndpoint("dc3", THREE, 51821)]
    core.handle(Resolved(FIRST.host, (ONE,), 2.0))
    assert core.handle(EndpointLost("dc1", 3.0)) == [SetEndpoint("dc1", ONE, 51820)]


def test_what_an_earlier_daemon_set_stays() -> None:
    core = Endpoints([FIRST, LITERAL], {"dc1": ONE, "dc3": THREE})
    assert core.addresses() == {(ONE, 51820), (THREE, 51821)}
    assert core.handle(Started(0.0)) == [Resolve(FIRST.host)]
    assert core.handle(Resolved(FIRST.host, (TWO, ONE), 1.0)) == []


def test_two_tunnels_of_one_name() -> None:
    core = Endpoints([FIRST, Endpoint("dc2", FIRST.host, 51821)])
    assert core.handle(Started(0.0)) == [Resolve(FIRST.host)]
    assert core.handle(Resolved(FIRST.host, (ONE,), 0.0)) == [
        SetEndpoint("dc1", ONE, 51820),
        SetEndpoint("dc2", ONE, 51821),
    ]


def test_late_answers_of_another_time_are_ignored() -> None:
    core = started(FIRST)
    assert core.handle(Resolved("old.dc.example", (ONE,), 1.0)) == []
    assert core.handle(ResolveFailed("old.dc.example", 1.0)) == []
    with pytest.raises(KeyError):
        core.handle(HandshakeOld("old", 1.0))


def test_a_name_does_not_lead_the_tunnel_into_itself_or_the_lan(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = [IPv4Network("192.0.2.0/26"), IPv4Network("203.0.113.0/25")]
    answers = [IPv4Address(text) for text in ("192.0.2.5", "203.0.113.17", "127.0.0.1", "0.0.0.0", "224.0.0.1")]

    async def told(*_: object) -> list[IPv4Address]:
        return answers

    monkeypatch.setattr(endpoints, "resolve_a", told)
    assert asyncio.run(resolve("vpn1.dc.example", {4}, [], 1.0, inside)) == Unresolved(Reason.IMPOSSIBLE)
    answers.append(THREE)
    assert asyncio.run(resolve("vpn1.dc.example", {4}, [], 1.0, inside)) == [THREE]


def test_an_address_needs_no_resolver() -> None:
    assert asyncio.run(resolve("198.51.100.13", {4}, [], 1.0)) == [THREE]
    assert asyncio.run(resolve("2001:db8:11::6", {6}, [], 1.0)) == [SIX]
    assert asyncio.run(resolve("vpn1.dc.example", {4, 6}, [], 1.0)) == Unresolved(Reason.NO_SERVER)


def test_only_what_the_line_carries_is_used() -> None:
    core = started(FIRST)
    assert core.handle(Carries("dc1", (6,), 0.0)) == []
    assert core.handle(Resolved(FIRST.host, (ONE, SIX), 0.1)) == [SetEndpoint("dc1", SIX, 51820)]
    # The tunnel moves to a line of the other family: nothing needs to be asked first.
    assert core.handle(Carries("dc1", (4,), 1.0)) == [SetEndpoint("dc1", ONE, 51820)]
    assert core.handle(Carries("dc1", (4,), 1.1)) == []
    # A dead line is no reason to change anything.
    assert core.handle(Carries("dc1", (), 2.0)) == []
    assert core.handle(Resolved(FIRST.host, (TWO, SEVEN), 2.1)) == []
    assert core.addresses() == {(ONE, 51820)}
    assert core.handle(Carries("dc1", (6, 4), 3.0)) == [SetEndpoint("dc1", SEVEN, 51820)]


def test_a_literal_address_waits_for_a_line_that_carries_it() -> None:
    six = Endpoint("dc1", str(SIX), 51820)
    core = Endpoints([six])
    assert core.handle(Carries("dc1", (4,), 0.0)) == []
    assert core.handle(Started(0.1)) == []
    assert core.handle(Carries("dc1", (6,), 1.0)) == [SetEndpoint("dc1", SIX, 51820)]


def test_where_both_families_are_carried_no_silence_is_for_ever() -> None:
    core = started(FIRST)
    core.handle(Carries("dc1", (6, 4), 0.0))
    assert core.handle(Resolved(FIRST.host, (ONE, SIX, SEVEN), 0.0)) == [SetEndpoint("dc1", SIX, 51820)]
    now, chosen = 0.0, []
    while len(chosen) < 8:
        now += 1.0
        for command in core.handle(HandshakeOld("dc1", now)):
            assert command == Resolve(FIRST.host)
            told = core.handle(Resolved(FIRST.host, (ONE, SIX, SEVEN), now))
            chosen += [one.address for one in told if isinstance(one, SetEndpoint)]
    assert chosen[:3] == [SEVEN, ONE, SIX]
    assert {*chosen[4:]} == {SEVEN, ONE, SIX}


def test_a_family_of_which_nobody_knows_anything_keeps_its_last_answer() -> None:
    core = started(FIRST)
    core.handle(Carries("dc1", (6, 4), 0.0))
    core.handle(Resolved(FIRST.host, (ONE, SIX), 0.0))
    assert core.handle(Resolved(FIRST.host, (TWO,), 1.0)) == []
    assert core.addresses() == {(SIX, 51820)}
    left_by_an_earlier_daemon = Endpoints([FIRST], {"dc1": SIX})
    left_by_an_earlier_daemon.handle(Carries("dc1", (6, 4), 0.0))
    left_by_an_earlier_daemon.handle(Started(0.0))
    assert left_by_an_earlier_daemon.handle(Resolved(FIRST.host, (ONE,), 1.0)) == []


def test_another_address_of_ours_is_told_by_naming_the_far_end_again() -> None:
    """WireGuard would go on to speak from the former one as long as the port has it."""
    core = started(FIRST)
    core.handle(Resolved(FIRST.host, (SIX,), 0.0))
    assert core.handle(LineChanged(1.0)) == [SetEndpoint("dc1", SIX, 51820), Resolve(FIRST.host)]


class EndpointsMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.core = Endpoints([FIRST, SECOND, LITERAL])
        self.now = 0.0
        self.asked: dict[str, list[float]] = {FIRST.host: [], SECOND.host: []}
        self.waiting: set[str] = set()
        self.in_force: dict[str, Address] = {}
        self.carried: dict[str, tuple[int, ...]] = {}
        self.known: dict[str, dict[int, set[Address]]] = {FIRST.host: {}, SECOND.host: {}, LITERAL.host: {4: {THREE}}}
        self.fresh_line = True
        self.feed(Started(0.0))

    def feed(self, event: Event) -> list[Command]:
        commands = self.core.handle(event)
        for command in commands:
            match command:
                case Resolve(host):
                    assert host not in self.waiting
                    self.waiting.add(host)
                    self.asked[host].append(self.now)
                case SetEndpoint(tunnel, address, _):
                    assert self.in_force.get(tunnel) != address or isinstance(event, EndpointLost | LineChanged)
                    if self.in_force.get(tunnel) != address:
                        assert address.version in self.carried.get(tunnel, (4, 6))
                    self.in_force[tunnel] = address
        return commands

    @rule(
        host=st.sampled_from([FIRST.host, SECOND.host]),
        answer=st.lists(st.sampled_from([ONE, TWO, THREE, SIX, SEVEN]), min_size=1, unique=True),
    )
    def resolved(self, host: str, answer: Sequence[Address]) -> None:
        if host in self.waiting:
            self.waiting.discard(host)
            for version in {address.version for address in answer}:
                self.known[host][version] = {address for address in answer if address.version == version}
            self.feed(Resolved(host, tuple(answer), self.now))
            self.something_that_is_carried_is_in_force("dc1" if host == FIRST.host else "dc2", host)

    @rule(endpoint=st.sampled_from([FIRST, SECOND, LITERAL]), versions=st.sampled_from([(), (4,), (6,), (6, 4)]))
    def carries(self, endpoint: Endpoint, versions: tuple[int, ...]) -> None:
        self.carried[endpoint.tunnel] = versions
        self.feed(Carries(endpoint.tunnel, versions, self.now))
        self.something_that_is_carried_is_in_force(endpoint.tunnel, endpoint.host)

    def something_that_is_carried_is_in_force(self, tunnel: str, host: str) -> None:
        """Never stuck: where any address can be reached, one of these is in force."""
        versions = self.carried.get(tunnel, (4, 6))
        usable = {address for version in versions for address in self.known[host].get(version, ())}
        assert not usable or self.in_force[tunnel] in usable

    @rule(host=st.sampled_from([FIRST.host, SECOND.host]))
    def failed(self, host: str) -> None:
        if host in self.waiting:
            self.waiting.discard(host)
            before = dict(self.in_force)
            self.feed(ResolveFailed(host, self.now))
            assert self.in_force == before

    @rule(tunnel=st.sampled_from(["dc1", "dc2", "dc3"]), kind=st.sampled_from([HandshakeOld, HandshakeFresh]))
    def handshake(self, tunnel: str, kind: type[HandshakeOld] | type[HandshakeFresh]) -> None:
        self.feed(kind(tunnel, self.now))

    @rule(tunnel=st.sampled_from(["dc1", "dc2", "dc3"]))
    def lost(self, tunnel: str) -> None:
        known = tunnel in self.in_force
        assert any(isinstance(command, SetEndpoint) for command in self.feed(EndpointLost(tunnel, self.now))) == known

    @rule()
    def line(self) -> None:
        self.feed(LineChanged(self.now))
        assert self.waiting == {FIRST.host, SECOND.host}
        for times in self.asked.values():
            times.clear()

    @rule(seconds=st.floats(0.0, 400.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.feed(Tick(self.now))

    @invariant()
    def the_firewall_knows_what_is_in_force(self) -> None:
        assert {address for address, _ in self.core.addresses()} == set(self.in_force.values())

    @invariant()
    def a_name_is_always_asked_for_again(self) -> None:
        deadline = self.core.next_deadline()
        if self.waiting != {FIRST.host, SECOND.host}:
            assert deadline is not None and deadline <= self.now + RENEW_EVERY

    @invariant()
    def nobody_is_asked_in_a_rush(self) -> None:
        """At most ten look-ups of one name in any thirty seconds, whatever comes."""
        for times in self.asked.values():
            for at in range(len(times) - 10):
                assert times[at + 10] - times[at] >= 30.0


EndpointsMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestEndpointsMachine: Any = EndpointsMachine.TestCase
