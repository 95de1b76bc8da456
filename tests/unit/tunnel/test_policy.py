from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.tunnel.policy import (
    HOLD,
    LONGEST_HOLD,
    DeepFailed,
    DeepOk,
    DeepUnknown,
    Drain,
    Event,
    PathDown,
    PathUp,
    Pin,
    Policy,
    Preferences,
    Tick,
    Undrain,
    Unpin,
)

A, B = "dc1", "dc2"
RANKED = {A: 200, B: 190}
TURNED = {A: 190, B: 200}


def both_up() -> Policy:
    policy = Policy([A, B])
    for tunnel in (A, B):
        assert policy.handle(PathUp(tunnel, 0.0)) is None
    return policy


def order(change: Preferences | None) -> dict[str, int] | None:
    return None if change is None else change.by_tunnel


def test_the_first_rank_is_preferred_from_the_start() -> None:
    policy = Policy([A, B])
    assert policy.preferences == RANKED
    assert policy.next_deadline(0.0) is None


def test_coming_up_late_at_the_start_is_no_failure() -> None:
    policy = Policy([A, B])
    for tunnel in (A, B):
        assert policy.handle(PathDown(tunnel, 0.0)) is None
    assert order(policy.handle(PathUp(B, 1.0))) == TURNED
    assert order(policy.handle(PathUp(A, 1.5))) == RANKED


def test_when_all_is_down_nothing_moves() -> None:
    policy = both_up()
    policy.handle(PathDown(A, 1.0))
    assert policy.handle(PathDown(B, 2.0)) is None
    assert policy.handle(Tick(5000.0)) is None
    assert policy.handle(PathUp(B, 5001.0)) is None
    assert policy.preferences == TURNED


def test_a_failed_first_comes_back_after_a_steady_time() -> None:
    policy = both_up()
    change = policy.handle(PathDown(A, 100.0))
    assert change is not None and change.by_tunnel == TURNED
    assert change.why.en == "to dc2, because dc1 is down"
    assert change.why.ja == "dc1 が途切れたため、dc2 に切り替えます。"
    assert policy.handle(PathUp(A, 103.0)) is None
    assert policy.next_deadline(103.0) == 103.0 + HOLD
    assert policy.handle(Tick(103.0 + HOLD - 0.1)) is None
    change = policy.handle(Tick(103.0 + HOLD))
    assert change is not None and change.by_tunnel == RANKED
    assert change.why.en == "back to dc1, which is preferred and steady"
    assert policy.next_deadline(103.0 + HOLD) is None


def test_flapping_holds_it_longer_and_longer_and_quiet_makes_good() -> None:
    policy = both_up()
    now, holds = 100.0, []
    for _ in range(7):
        policy.handle(PathDown(A, now))
        policy.handle(PathUp(A, now))
        deadline = policy.next_deadline(now)
        assert deadline is not None
        holds.append(deadline - now)
        now += 1.0
    assert holds == sorted(holds)
    assert holds[0] == HOLD and holds[1] == pytest.approx(2 * HOLD, rel=0.01)
    assert holds[-1] == LONGEST_HOLD
    now += 3600.0
    assert order(policy.handle(Tick(now))) == RANKED
    policy.handle(PathDown(A, now))
    policy.handle(PathUp(A, now))
    assert policy.next_deadline(now) == pytest.approx(now + HOLD, abs=0.5)


def test_an_hour_of_flapping_moves_the_traffic_a_few_times_only() -> None:
    policy = both_up()
    changes = 0
    for second in range(3600):
        events: list[Event] = [Tick(float(second))]
        if second % 40 == 0:
            events = [PathDown(A, float(second)), PathUp(A, second + 0.5)]
        changes += sum(policy.handle(event) is not None for event in events)
    assert changes <= 6


def test_a_second_failure_does_not_cost_a_move_more() -> None:
    """The first stays where it is although the other has the shorter hold."""
    policy = both_up()
    for at in (0.0, 1.0):
        policy.handle(PathDown(A, at))
        policy.handle(PathUp(A, at + 0.5))
    policy.handle(PathDown(B, 10.0))
    assert policy.preferences == RANKED
    policy.handle(PathUp(B, 11.0))
    for second in range(11, 200):
        assert policy.handle(Tick(float(second))) is None


def test_deep_failure_moves_only_to_where_engines_answer() -> None:
    policy = both_up()
    policy.handle(DeepOk(B, 9.0, 9.1))
    assert policy.handle(DeepFailed(A, 9.5, 10.0)) is None
    assert policy.handle(Tick(100.0)) is None
    change = policy.handle(DeepOk(B, 100.0, 100.1))
    assert change is not None and change.by_tunnel == TURNED
    assert change.why.en == "to dc2, because no engine answers behind dc1"
    assert policy.handle(DeepOk(A, 110.0, 110.0)) is None
    assert order(policy.handle(Tick(110.0 + HOLD))) == RANKED


def test_an_answer_from_before_the_silence_proves_nothing() -> None:
    """The engines die for everybody: the other tunnel, which is asked seldom, was well a moment ago."""
    policy = both_up()
    for tunnel in (A, B):
        policy.handle(DeepOk(tunnel, 9.0, 9.0))
    assert policy.handle(DeepFailed(A, 9.5, 10.0)) is None
    assert policy.handle(DeepFailed(B, 9.6, 10.5)) is None


def test_what_lies_behind_a_dead_path_is_not_known() -> None:
    policy = both_up()
    policy.handle(DeepFailed(A, 9.5, 10.0))
    assert order(policy.handle(PathDown(A, 11.0))) == TURNED
    policy.handle(DeepOk(B, 12.0, 12.0))
    policy.handle(PathUp(A, 20.0))
    assert order(policy.handle(Tick(20.0 + HOLD))) == RANKED


def test_engines_down_everywhere_move_nothing() -> None:
    policy = both_up()
    for tunnel in (A, B):
        policy.handle(DeepOk(tunnel, 0.0, 0.0))
    for at in range(10, 100):
        for tunnel in (A, B):
            assert policy.handle(DeepFailed(tunnel, 9.5, float(at))) is None
    assert policy.handle(DeepUnknown(A, 100.0)) is None
    assert policy.handle(DeepOk(B, 100.0, 100.0)) is None
    assert policy.handle(DeepOk(A, 102.0, 102.0)) is None
    assert policy.handle(Tick(500.0)) is None


def test_the_operator_counts_first() -> None:
    policy = both_up()
    assert order(policy.handle(Pin(B, 1.0))) == TURNED
    assert policy.handle(PathDown(B, 2.0)) is None
    assert policy.handle(PathUp(B, 3.0)) is None
    assert order(policy.handle(Unpin(4.0))) == RANKED
    assert order(policy.handle(Drain(A, 5.0))) == TURNED
    # Drained, it still carries when no other lives.
    assert order(policy.handle(PathDown(B, 6.0))) == RANKED
    assert order(policy.handle(PathUp(B, 7.0))) == TURNED
    assert order(policy.handle(Undrain(A, 8.0))) == RANKED


def test_the_path_of_a_drained_tunnel_is_watched_anew_afterwards() -> None:
    policy = both_up()
    policy.handle(Drain(A, 5.0))
    policy.handle(Undrain(A, 8.0))
    # BIRD's session takes a moment; until it is up nobody has failed, and so nobody is held down.
    policy.handle(PathDown(A, 8.1))
    assert order(policy.handle(PathUp(A, 9.0))) in (None, RANKED)
    assert policy.preferences == RANKED


def test_a_new_daemon_goes_on_with_the_order_in_force() -> None:
    policy = Policy([A, B], order=[B, A])
    assert policy.preferences == TURNED
    for tunnel in (A, B):
        assert policy.handle(PathUp(tunnel, 10.0)) is None
    assert policy.handle(Tick(10.0 + HOLD - 1)) is None
    assert order(policy.handle(Tick(10.0 + HOLD))) == RANKED


def test_an_order_of_other_tunnels_is_no_order() -> None:
    assert Policy([A, B], order=["old", B]).preferences == RANKED
    with pytest.raises(KeyError):
        Policy([A, B]).handle(PathUp("old", 0.0))


TUNNELS = st.sampled_from(["t0", "t1", "t2"])


class PolicyMachine(RuleBasedStateMachine):
    """Three tunnels, more than an account may have, under any sequence of events."""

    def __init__(self) -> None:
        super().__init__()
        self.names = ["t0", "t1", "t2"]
        self.policy = Policy(self.names)
        self.now = 0.0
        self.history: list[tuple[Event, Preferences | None]] = []
        self.up: dict[str, bool | None] = dict.fromkeys(self.names)
        self.last_trouble: dict[str, float | None] = dict.fromkeys(self.names)
        self.met: dict[str, float] = dict.fromkeys(self.names, -1.0)
        self.missed: dict[str, float | None] = dict.fromkeys(self.names)
        self.pinned: str | None = None
        self.drained: set[str] = set()

    def top(self) -> str:
        preferences = self.policy.preferences
        return max(preferences, key=lambda name: preferences[name])

    def feed(self, event: Event) -> None:
        before, old = self.policy.preferences, self.top()
        told = self.policy.handle(event)
        self.history.append((event, told))
        assert (told is None) == (self.policy.preferences == before)
        new = self.top()
        if told is not None:
            assert told.by_tunnel == self.policy.preferences
            assert told.why.ja and told.why.en and "{" not in told.why.ja + told.why.en
        if new == old or self.is_forced(old, new):
            return
        # A move that nothing forced goes up in rank, to a path that has been well for the hold-down.
        assert self.names.index(new) < self.names.index(old)
        trouble = self.last_trouble[new]
        assert trouble is None or self.now >= trouble + HOLD - 1e-6

    def is_forced(self, old: str, new: str) -> bool:
        missed = self.missed[old]
        deaf = missed is not None and any(
            self.up[name] and self.missed[name] is None and self.met[name] >= missed for name in self.names
        )
        return self.up[old] is False or old in self.drained or deaf or self.pinned is not None

    @rule(tunnel=TUNNELS)
    def path_up(self, tunnel: str) -> None:
        self.up[tunnel] = True
        self.feed(PathUp(tunnel, self.now))

    @rule(tunnel=TUNNELS)
    def path_down(self, tunnel: str) -> None:
        if self.up[tunnel]:
            self.last_trouble[tunnel] = self.now
        self.up[tunnel], self.missed[tunnel] = False, None
        self.feed(PathDown(tunnel, self.now))

    @rule(tunnel=TUNNELS, ok=st.booleans())
    def deep_result(self, tunnel: str, ok: bool) -> None:
        if ok:
            self.met[tunnel], self.missed[tunnel] = self.now, None
            self.feed(DeepOk(tunnel, self.now, self.now))
        else:
            self.missed[tunnel] = self.now
            self.feed(DeepFailed(tunnel, self.now, self.now))

    @rule(tunnel=TUNNELS)
    def deep_unknown(self, tunnel: str) -> None:
        self.missed[tunnel] = None
        self.feed(DeepUnknown(tunnel, self.now))

    @rule(tunnel=TUNNELS)
    def pin(self, tunnel: str) -> None:
        self.pinned = tunnel
        self.feed(Pin(tunnel, self.now))

    @rule()
    def unpin(self) -> None:
        self.pinned = None
        self.feed(Unpin(self.now))

    @rule(tunnel=TUNNELS, on=st.booleans())
    def drain(self, tunnel: str, on: bool) -> None:
        (self.drained.add if on else self.drained.discard)(tunnel)
        if not on:
            self.up[tunnel] = None
        self.feed(Drain(tunnel, self.now) if on else Undrain(tunnel, self.now))

    @rule(seconds=st.floats(0.0, 700.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds
        self.feed(Tick(self.now))

    @rule(tunnel=TUNNELS, times=st.integers(1, 20), period=st.floats(0.1, 40.0))
    def flap(self, tunnel: str, times: int, period: float) -> None:
        for _ in range(times):
            self.path_down(tunnel)
            self.now += period / 2
            self.path_up(tunnel)
            self.now += period / 2
        # Others' hold-downs may have ended meanwhile; the shell's clock ticks through it.
        self.feed(Tick(self.now))

    @precondition(lambda self: self.policy.next_deadline(self.now) is not None)
    @rule()
    def nothing_happens_before_the_deadline(self) -> None:
        deadline = self.policy.next_deadline(self.now)
        assert deadline is not None and deadline > self.now
        before = self.policy.preferences
        self.feed(Tick(self.now + (deadline - self.now) * 0.99))
        assert self.policy.preferences == before
        self.now = deadline
        self.feed(Tick(deadline))

    @rule()
    def quiet(self) -> None:
        """All is well for as long as it takes: the order is the ranks' again."""
        self.unpin()
        for name in self.names:
            self.drain(name, False)
            self.path_up(name)
            self.deep_result(name, True)
        self.now += LONGEST_HOLD
        self.feed(Tick(self.now))
        assert list(self.policy.preferences) == self.names

    @invariant()
    def a_dead_tunnel_is_not_preferred_to_a_living_one(self) -> None:
        top = self.top()
        if self.up[top] is False and top != self.pinned:
            assert not any(self.up.values())

    @invariant()
    def every_tunnel_has_a_preference_of_its_own(self) -> None:
        preferences = self.policy.preferences
        assert sorted(preferences) == self.names
        assert len(set(preferences.values())) == len(self.names)
        assert all(0 < value <= 200 for value in preferences.values())

    def teardown(self) -> None:
        """The same events, the same words."""
        other = Policy(self.names)
        assert [other.handle(event) for event, _ in self.history] == [told for _, told in self.history]


PolicyMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestPolicyMachine: Any = PolicyMachine.TestCase
