"""Silence beyond doubt: soon on a clean path, never on one that only loses packets, never when nobody is well."""

from __future__ import annotations

import heapq
import random
from dataclasses import dataclass, field
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.tunnel.deep import (
    BURST_PERIOD,
    DEAF_PERIOD,
    LATE,
    LOST,
    PERIOD,
    SPARE_PERIOD,
    Answered,
    Ask,
    Carrying,
    Command,
    DeepHealth,
    Doubted,
    Engines,
    Event,
    Lost,
    Met,
    Missed,
    Path,
    Target,
    Tick,
)

A, B = "dc1", "dc2"
E1, E2 = (IPv4Address("203.0.113.17"), 443), (IPv4Address("203.0.113.33"), 443)


@dataclass
class World:
    """Answers by chance. dead: pairs (tunnel, target) behind which nobody answers. lost: share of lost packets."""

    dead: set[tuple[str, Target]] = field(default_factory=set)
    lost: dict[str, float] = field(default_factory=dict)
    trip: float = 0.01
    now: float = 0.0
    asked: list[tuple[float, Ask]] = field(default_factory=list)
    told: list[tuple[float, Met | Lost | Doubted]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.core = DeepHealth([A, B])
        self.chance = random.Random(1)
        self._coming: list[tuple[float, int]] = []
        self.feed(Engines({A: (E1, E2), B: (E1, E2)}, 0.0), Carrying(A, 0.0), Path(A, True, 0.0), Path(B, True, 0.0))

    def feed(self, *events: Event) -> None:
        for event in events:
            self._carry_out(self.core.handle(event))

    def _carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            if isinstance(command, Ask):
                self.asked.append((self.now, command))
                if self._answers(command):
                    heapq.heappush(self._coming, (self.now + 2 * self.trip, command.number))
            else:
                self.told.append((self.now, command))

    def _answers(self, question: Ask) -> bool:
        """Two packets there and two back, all of which must come through."""
        through = self.chance.random() < (1 - self.lost.get(question.tunnel, 0.0)) ** 4
        return through and (question.tunnel, question.target) not in self.dead

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while True:
            answer = self._coming[0][0] if self._coming else end
            deadline = self.core.next_deadline()
            self.now = max(self.now, min(end, answer, end if deadline is None else deadline))
            if self.now >= end:
                return
            if self._coming and self._coming[0][0] <= self.now:
                self.feed(Answered(heapq.heappop(self._coming)[1], self.now))
            else:
                self.feed(Tick(self.now))

    def lost_tunnels(self) -> list[str]:
        return [told.tunnel for _, told in self.told if isinstance(told, Lost)]

    def kill(self, *tunnels: str) -> None:
        self.dead |= {(tunnel, target) for tunnel in tunnels for target in (E1, E2)}


def test_while_all_is_well_few_questions_are_asked() -> None:
    world = World()
    world.run(100.0)
    by_tunnel = {name: sum(question.tunnel == name for _, question in world.asked) for name in (A, B)}
    assert by_tunnel[A] == pytest.approx(100 / PERIOD, abs=2)
    assert by_tunnel[B] == pytest.approx(100 / SPARE_PERIOD, abs=2)
    assert {question.target for _, question in world.asked} == {E1}
    assert not world.lost_tunnels()


def test_death_is_beyond_doubt_within_two_seconds_wherever_in_the_period_it_comes() -> None:
    for tenth in range(10):
        world = World()
        world.run(60.0 + tenth * PERIOD / 10)
        world.kill(A)
        died = world.now
        world.run(10.0)
        [(at, lost)] = [(at, told) for at, told in world.told if isinstance(told, Lost)]
        assert lost.tunnel == A
        assert at - died < 1.8
        # What the policy asks for: somebody behind the other tunnel answered a question that is newer.
        assert any(isinstance(told, Met) and told.tunnel == B and told.asked >= lost.since for _, told in world.told)


def test_after_its_death_it_is_asked_now_and_then_and_heard_at_once() -> None:
    world = World()
    world.run(10.0)
    world.kill(A)
    world.run(10.0)
    before = len(world.asked)
    world.run(20.0)
    assert sum(question.tunnel == A for _, question in world.asked[before:]) == pytest.approx(20 / DEAF_PERIOD, abs=2)
    world.dead.clear()
    mended = world.now
    world.run(5.0)
    assert any(isinstance(told, Met) and told.tunnel == A and told.asked >= mended for _, told in world.told)


def test_one_engine_of_two_is_enough() -> None:
    world = World()
    world.run(10.0)
    world.dead = {(A, E1), (B, E1)}
    world.run(60.0)
    assert not world.lost_tunnels()
    assert {question.target for at, question in world.asked if at > 15.0} == {E2}


@pytest.mark.parametrize("loss", [0.2, 0.3])
def test_an_hour_of_loss_is_no_death(loss: float) -> None:
    world = World()
    world.run(60.0)
    world.lost = {A: loss, B: loss}
    world.run(3600.0)
    assert not world.lost_tunnels()


def test_death_is_noticed_while_a_fifth_of_all_packets_is_lost_too() -> None:
    world = World(lost={A: 0.2, B: 0.2})
    world.run(300.0)
    world.kill(A)
    died = world.now
    world.run(10.0)
    at = next(at for at, told in world.told if isinstance(told, Lost))
    assert at - died < 4.0


def test_a_slow_line_is_not_asked_twice_all_the_time() -> None:
    world = World(trip=0.11)
    world.run(100.0)
    asked = [at for at, question in world.asked if question.tunnel == A and at > 50.0]
    assert len(asked) == pytest.approx(50 / PERIOD, abs=5)
    assert not world.lost_tunnels()


def test_nobody_is_asked_through_a_tunnel_that_is_down() -> None:
    world = World()
    world.run(10.0)
    world.kill(A)
    world.feed(Path(A, False, world.now))
    before = len(world.asked)
    world.run(10.0)
    assert not any(question.tunnel == A for _, question in world.asked[before:])
    assert not world.lost_tunnels()
    world.dead.clear()
    before = len(world.asked)
    world.feed(Path(A, True, world.now))
    assert any(question.tunnel == A for _, question in world.asked[before:])


def test_engines_that_come_back_for_everybody_are_lost_behind_nobody() -> None:
    for tenth in range(10):
        world = World()
        world.run(10.0)
        world.kill(A, B)
        world.run(30.0 + tenth / 10)
        assert sorted(world.lost_tunnels()) == [A, B]
        world.dead.clear()
        before = len(world.told)
        world.run(30.0)
        told = [told for _, told in world.told[before:]]
        assert sum(isinstance(one, Doubted) for one in told) == 1
        assert not any(isinstance(one, Lost) for one in told)


def test_the_engines_come_back_behind_the_other_tunnel_only() -> None:
    world = World()
    world.run(10.0)
    world.kill(A, B)
    world.run(30.0)
    world.dead = {(A, E1), (A, E2)}
    back = world.now
    world.run(5.0)
    lost = next(told for at, told in world.told if isinstance(told, Lost) and at > back)
    assert lost.tunnel == A
    assert any(isinstance(told, Met) and told.tunnel == B and told.asked >= lost.since for _, told in world.told)


def test_proofs_that_lapse_do_not_end_the_questions() -> None:
    world = World()
    world.feed(Engines({A: (), B: (E2,)}, 0.0))
    world.run(20.0)
    assert {(question.tunnel, question.target) for at, question in world.asked if at > 5} == {(A, E1), (B, E2)}


def test_refusals_count_like_silence_and_late_answers_mean_nothing() -> None:
    core = DeepHealth([A])
    core.handle(Engines({A: (E1,)}, 0.0))
    [first] = core.handle(Path(A, True, 0.0))
    assert isinstance(first, Ask)
    now, asked, commands = 0.0, [first.number], core.handle(Missed(first.number, 0.0))
    while not any(isinstance(command, Lost) for command in commands):
        asked += [command.number for command in commands if isinstance(command, Ask)]
        commands = core.handle(Missed(asked[-1], now))
        now += BURST_PERIOD
        commands += core.handle(Tick(now))
        assert now < LATE + LOST
    assert len(asked) >= 12
    assert not any(isinstance(command, Met) for number in asked for command in core.handle(Answered(number, now)))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 1000),
    deaths=st.lists(st.tuples(st.sampled_from([A, B, "all"]), st.floats(0.0, 30.0)), max_size=5),
    loss=st.floats(0.0, 0.2),
)
def test_whoever_is_lost_is_dead_and_whoever_stays_dead_is_lost(
    seed: int, deaths: list[tuple[str, float]], loss: float
) -> None:
    world = World(lost={A: loss, B: loss})
    world.chance.seed(seed)
    for who, seconds in deaths:
        world.dead.clear()
        world.run(30.0)
        before = len(world.told)
        world.kill(*{"all": (A, B)}.get(who, (who,)))
        world.run(seconds)
        lost = {told.tunnel for _, told in world.told[before:] if isinstance(told, Lost)}
        dead = {tunnel for tunnel, _ in world.dead}
        assert lost <= dead
        if seconds > SPARE_PERIOD + 5.0:
            assert lost == dead


def test_other_tunnels_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        DeepHealth([A]).handle(Path("old", True, 0.0))
