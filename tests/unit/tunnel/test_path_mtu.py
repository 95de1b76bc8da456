"""The largest packet that passes is found, and lost ones of every size prove nothing."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.tunnel.path_mtu import (
    CHECK_EVERY,
    GRAIN,
    LEAST,
    PACE,
    RAISE_EVERY,
    TRIES,
    Command,
    Echo,
    Echoed,
    PathDown,
    PathMtu,
    PathUp,
    SetMtu,
    Tick,
    fits,
)

LARGEST = 1394


class World:
    """A path that carries packets up to `width` and loses a share of them each way."""

    def __init__(
        self, width: int = LARGEST, lost: float = 0.0, known: int | None = None, largest: int = LARGEST
    ) -> None:
        self.width, self.lost, self.dead = width, lost, False
        self.core = PathMtu(largest, known)
        self.now = 0.0
        self.set: list[tuple[float, int]] = []
        self.sent: list[int] = []
        self.chance = random.Random(1)
        self.carry_out(self.core.handle(PathUp(0.0)))

    def carry_out(self, commands: list[Command]) -> None:
        for command in commands:
            match command:
                case SetMtu(size):
                    self.set.append((self.now, size))
                case Echo(size):
                    self.sent.append(size)
                    comes_back = self.chance.random() < (1 - self.lost) ** 2
                    if size <= self.width and comes_back and not self.dead:
                        self.carry_out(self.core.handle(Echoed(size, self.now)))

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.core.next_deadline()) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.carry_out(self.core.handle(Tick(self.now)))
        self.now = end


def test_a_wide_path_is_left_alone() -> None:
    world = World()
    world.run(3600.0)
    assert world.set == []
    assert world.core.mtu == LARGEST
    assert len(world.sent) == pytest.approx(3600 / CHECK_EVERY, abs=3)


@pytest.mark.parametrize("width", [LEAST, 1281, 1300, 1340, LARGEST - GRAIN - 1, LARGEST - 1])
def test_a_narrow_path_is_narrow_at_once_and_its_width_found_soon(width: int) -> None:
    world = World(width)
    world.run(TRIES * PACE)
    assert [size for _, size in world.set][:1] == [LEAST]
    world.run(30.0)
    assert width - GRAIN <= world.core.mtu <= width
    assert [size for _, size in world.set] == sorted(size for _, size in world.set)


def test_a_path_that_becomes_narrow_is_noticed_and_one_that_becomes_wide_again_too() -> None:
    world = World()
    world.run(100.0)
    world.width = 1310
    world.run(CHECK_EVERY + TRIES * PACE + 0.1)
    assert world.core.mtu < LARGEST
    world.run(30.0)
    assert 1310 - GRAIN <= world.core.mtu <= 1310
    world.width = LARGEST
    world.run(RAISE_EVERY + CHECK_EVERY)
    assert world.core.mtu == LARGEST


def test_a_dead_path_is_not_narrow() -> None:
    world = World()
    world.run(20.0)
    world.dead = True
    world.run(600.0)
    world.carry_out(world.core.handle(PathDown(world.now)))
    assert world.core.next_deadline() is None
    world.run(600.0)
    assert world.set == []


def test_another_line_is_measured_at_once() -> None:
    world = World(known=1300)
    world.run(1.0)
    assert [size for _, size in world.set] == [LARGEST]


def test_an_hour_of_loss_is_not_narrow_and_narrow_is_found_in_spite_of_it() -> None:
    world = World(lost=0.2)
    world.run(3600.0)
    assert world.core.mtu == LARGEST
    world.width = 1320
    world.run(120.0)
    assert 1320 - 2 * GRAIN <= world.core.mtu <= 1320


def test_an_account_below_the_least_is_taken_as_it_is() -> None:
    world = World(width=1200, largest=1250)
    world.run(100.0)
    assert world.set == []
    assert world.core.mtu == 1250


@settings(max_examples=100, deadline=None)
@given(
    widths=st.lists(st.integers(1000, 1500), min_size=1, max_size=5),
    largest=st.integers(1280, 1420),
    known=st.none() | st.integers(0, 2000),
)
def test_it_ends_within_its_bounds_at_what_passes(widths: list[int], largest: int, known: int | None) -> None:
    world = World(widths[0], known=known, largest=largest)
    for width in widths:
        world.width = width
        world.run(RAISE_EVERY + 60.0)
        mtu = world.core.mtu
        assert min(LEAST, largest) <= mtu <= largest
        if width >= LEAST:
            assert min(width, largest) - GRAIN <= mtu <= width
    assert all(min(LEAST, largest) <= size <= largest for size in world.sent)


@pytest.mark.parametrize(
    ("line", "version", "largest"),
    [(1500, 4, 1394), (1500, 6, 1394), (1454, 4, 1394), (1454, 6, 1360), (1460, 4, 1394), (1280, 6, 1200)],
)
def test_what_fits_a_line_in_one_piece(line: int, version: int, largest: int) -> None:
    """1454 is PPPoE's in Japan, 1280 the least of IPv6; its header takes 20 bytes more."""
    assert fits(line, version, 1394) == largest


def test_a_line_of_the_other_family_carries_less_at_once_and_more_is_found_again() -> None:
    world = World()
    world.run(20.0)
    world.carry_out(world.core.handle(PathUp(world.now, largest=1360)))
    assert world.core.mtu == 1360
    world.run(RAISE_EVERY * 2)
    assert world.core.mtu == 1360
    world.carry_out(world.core.handle(PathDown(world.now)))
    world.carry_out(world.core.handle(PathUp(world.now, largest=1394)))
    world.run(20.0)
    assert world.core.mtu == 1394
    assert [size for _, size in world.set] == [1360, 1394]
