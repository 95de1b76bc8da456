"""Guessing is slow, whoever knows his password gets in, and nobody can be locked out by others."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from appliance.access import lockout
from appliance.access.lockout import FREE, FREE_FOR_NAME, LONGEST, SLOT, LockOut

VENDOR = ("vendor", "192.0.2.20")
ATTACKERS = st.integers(0, 249).map(lambda number: f"192.0.2.{number}")
NAMES = st.sampled_from(["vendor", "manager", "nobody"])


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0


def guess(desk: LockOut, clock: Clock, name: str, address: str, browser: str = "") -> bool:
    """One wrong guess; whether it was looked at."""
    if desk.wait(name, address, browser, clock.now) > 0:
        return False
    desk.failed(name, address, browser, clock.now)
    return True


def test_the_first_mistakes_cost_nothing_then_each_doubles() -> None:
    desk, clock = LockOut(), Clock()
    waits = []
    for _ in range(FREE + 10):
        wait = desk.wait(*VENDOR, "", clock.now)
        waits.append(wait)
        clock.now += wait
        desk.failed(*VENDOR, "", clock.now)
    assert waits[:FREE] == [0.0] * FREE
    assert waits[FREE : FREE + 4] == [2.0, 4.0, 8.0, 16.0]
    assert max(waits) <= LONGEST


def test_success_forgets() -> None:
    desk, clock = LockOut(), Clock()
    for _ in range(FREE):
        guess(desk, clock, *VENDOR)
    assert desk.wait(*VENDOR, "", clock.now) > 0
    clock.now += 2
    desk.succeeded(*VENDOR, "")
    assert desk.wait(*VENDOR, "", clock.now) == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(NAMES, ATTACKERS, st.floats(0, 20)), max_size=300))
def test_nobody_can_keep_out_a_browser_that_is_known(attack: list[tuple[str, str, float]]) -> None:
    """Not from other addresses, and not from its own."""
    desk, clock = LockOut(), Clock()
    for name, address, pause in attack:
        clock.now += pause
        guess(desk, clock, name, address)
        assert desk.wait(*VENDOR, "the vendor's browser", clock.now) == 0


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(ATTACKERS, st.floats(0, 60)), max_size=500))
def test_a_name_is_guessed_at_a_hundred_times_an_hour_at_most_from_wherever(attack: list[tuple[str, float]]) -> None:
    desk, clock = LockOut(), Clock()
    looked_at: list[float] = []
    for address, pause in attack:
        clock.now += pause
        if guess(desk, clock, "vendor", address):
            looked_at.append(clock.now)
    for start in looked_at:
        assert sum(start <= at < start + 3600 for at in looked_at) <= FREE_FOR_NAME + 3600 / SLOT == 100


def test_an_attack_from_a_whole_network_as_fast_as_it_can() -> None:
    desk, clock = LockOut(), Clock()
    looked_at = 0
    for second in range(3600):
        clock.now = 1000.0 + second
        looked_at += sum(guess(desk, clock, "vendor", f"192.0.2.{host}") for host in range(250))
    assert looked_at <= 100


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(NAMES, ATTACKERS, st.floats(0, 1000)), max_size=200))
def test_every_wait_ends_and_trying_does_not_make_it_longer(attack: list[tuple[str, str, float]]) -> None:
    desk, clock = LockOut(), Clock()
    for name, address, pause in attack:
        clock.now += pause
        before = desk.wait(name, address, "", clock.now)
        looked_at = guess(desk, clock, name, address)
        if not looked_at:
            assert desk.wait(name, address, "", clock.now) == before <= LONGEST
            assert desk.wait(name, address, "", clock.now + before) == 0


def test_another_address_waits_for_the_name_alone() -> None:
    """Somebody who has never logged in here still gets his turn while one address attacks his name."""
    desk, clock = LockOut(), Clock()
    for _ in range(500):
        guess(desk, clock, "vendor", "192.0.2.66")
        clock.now += 1
    assert desk.wait(*VENDOR, "", clock.now) <= SLOT
    assert desk.wait("manager", "192.0.2.20", "", clock.now) == 0


def test_an_address_that_tries_one_name_after_the_other_is_slowed_too() -> None:
    desk, clock = LockOut(), Clock()
    looked_at = sum(guess(desk, clock, f"name{number}", "192.0.2.66") for number in range(100))
    assert looked_at == lockout.FREE_FOR_ADDRESS
    # A log-in of one's own does not pay for guesses at others.
    desk.succeeded("own", "192.0.2.66", "")
    assert not guess(desk, clock, "vendor", "192.0.2.66")


def test_a_known_browser_is_slowed_as_well_and_alone() -> None:
    desk, clock = LockOut(), Clock()
    assert sum(guess(desk, clock, *VENDOR, "stolen") for _ in range(100)) == FREE
    assert desk.wait(*VENDOR, "another", clock.now) == desk.wait(*VENDOR, "", clock.now) == 0


def test_the_operator_unlocks() -> None:
    desk, clock = LockOut(), Clock()
    for host in range(30):
        guess(desk, clock, "vendor", f"192.0.2.{host}")
    for _ in range(FREE):
        guess(desk, clock, *VENDOR, "browser")
    assert desk.wait(*VENDOR, "", clock.now) > 0
    desk.unlock("vendor")
    assert desk.wait(*VENDOR, "", clock.now) == desk.wait(*VENDOR, "browser", clock.now) == 0


def test_what_is_remembered_is_bounded() -> None:
    desk, clock = LockOut(), Clock()
    for number in range(3 * lockout.MOST):
        desk.failed(f"name{number}", f"address{number}", "", clock.now)
        clock.now += 0.01
    assert all(len(counters._found) <= lockout.MOST for counters in (desk._pairs, desk._addresses, desk._names))
