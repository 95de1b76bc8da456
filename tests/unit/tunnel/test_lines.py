"""Which line a tunnel uses: away from a dead one soon, back only to a steady one, and never about for nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from appliance.tunnel.lines import (
    HOLD,
    LONGEST_HOLD,
    LONGEST_PATIENCE,
    NEXT_PATIENCE,
    PATIENCE,
    TRIAL,
    Line,
    Lines,
    Path,
    Tick,
    Use,
)

WAN, BACKUP = "wan", "backup_wan"
A, B = "dc1", "dc2"


def at_work(*, bound: bool = False) -> Lines:
    """Both lines open, both tunnels up since 0, each on its own line."""
    lines = Lines({A: (WAN,) if bound else (WAN, BACKUP), B: (BACKUP,) if bound else (BACKUP, WAN)})
    for event in (Line(WAN, True, 0.0), Line(BACKUP, True, 0.0), Path(A, True, 0.0), Path(B, True, 0.0)):
        assert lines.handle(event) == []
    return lines


def test_each_tunnel_begins_on_its_preferred_line() -> None:
    lines = at_work()
    assert lines.in_use == {A: WAN, B: BACKUP}
    assert lines.next_deadline() is None


def test_a_closed_line_is_left_at_once_and_taken_again_when_it_is_steady() -> None:
    lines = at_work()
    assert lines.handle(Line(WAN, False, 100.0)) == [Use(A, BACKUP)]
    assert lines.handle(Line(WAN, True, 110.0)) == []
    assert lines.next_deadline() == 110.0 + HOLD
    assert lines.handle(Tick(110.0 + HOLD - 0.1)) == []
    assert lines.handle(Tick(110.0 + HOLD)) == [Use(A, WAN)]
    assert lines.handle(Tick(110.0 + HOLD + TRIAL)) == []
    assert lines.next_deadline() is None


def test_a_silent_line_is_left_after_a_while() -> None:
    lines = at_work()
    assert lines.handle(Path(A, False, 100.0)) == []
    assert lines.next_deadline() == 100.0 + PATIENCE
    assert lines.handle(Tick(100.0 + PATIENCE - 0.1)) == []
    assert lines.handle(Tick(100.0 + PATIENCE)) == [Use(A, BACKUP)]
    assert lines.handle(Path(A, True, 104.0)) == []


def test_a_line_on_which_another_tunnel_lives_is_not_to_blame() -> None:
    lines = Lines({A: (WAN, BACKUP), B: (WAN, BACKUP)})
    for event in (Line(WAN, True, 0.0), Line(BACKUP, True, 0.0), Path(A, True, 0.0), Path(B, True, 0.0)):
        lines.handle(event)
    lines.handle(Path(A, False, 100.0))
    assert lines.handle(Tick(500.0)) == []
    assert lines.handle(Path(B, False, 600.0)) == [Use(A, BACKUP)]


def test_a_return_that_fails_is_taken_back_soon_and_tried_less_often() -> None:
    """The line has its link and its address again, but nothing comes through it."""
    lines = at_work()
    lines.handle(Path(A, False, 100.0))
    lines.handle(Tick(103.0))
    lines.handle(Path(A, True, 104.0))
    returns, now = [], 104.0
    for _ in range(8):
        deadline = lines.next_deadline()
        assert deadline is not None
        returns.append(deadline - now)
        now = deadline
        assert lines.handle(Tick(now)) == [Use(A, WAN)]
        assert lines.handle(Path(A, False, now + 0.2)) == []
        now += TRIAL
        assert lines.handle(Tick(now)) == [Use(A, BACKUP)]
        assert lines.handle(Path(A, True, now + 0.1)) == []
    assert returns == sorted(returns)
    assert returns[-1] == pytest.approx(LONGEST_HOLD, abs=1)


def test_a_dead_concentrator_is_looked_for_on_every_line_ever_less_often() -> None:
    lines = Lines({A: (WAN, BACKUP)})
    for event in (Line(WAN, True, 0.0), Line(BACKUP, True, 0.0), Path(A, True, 0.0), Path(A, False, 100.0)):
        lines.handle(event)
    moves, now = [], 100.0
    for _ in range(8):
        deadline = lines.next_deadline()
        assert deadline is not None
        moves.append(deadline - now)
        now = deadline
        assert len(lines.handle(Tick(now))) == 1
    assert moves == sorted(moves)
    assert moves[0] == PATIENCE and moves[1] == NEXT_PATIENCE and moves[-1] == LONGEST_PATIENCE


def test_a_bound_tunnel_stays_with_its_line() -> None:
    lines = at_work(bound=True)
    assert lines.handle(Line(WAN, False, 100.0)) == []
    assert lines.handle(Path(A, False, 100.2)) == []
    assert lines.handle(Tick(5000.0)) == []
    assert lines.next_deadline() is None


def test_with_no_open_line_nothing_moves() -> None:
    lines = at_work()
    lines.handle(Line(BACKUP, False, 100.0))
    assert lines.handle(Line(WAN, False, 100.0)) == []
    assert lines.handle(Tick(500.0)) == []
    assert lines.handle(Line(BACKUP, True, 501.0)) == [Use(A, BACKUP), Use(B, BACKUP)]


def test_a_line_that_comes_up_late_at_the_start_has_not_failed() -> None:
    lines = Lines({A: (WAN, BACKUP)})
    lines.handle(Line(BACKUP, True, 0.0))
    assert lines.handle(Line(WAN, False, 0.0)) == [Use(A, BACKUP)]
    lines.handle(Path(A, True, 3.0))
    assert lines.handle(Line(WAN, True, 5.0)) == [Use(A, WAN)]


def test_a_new_daemon_goes_on_with_the_lines_in_use() -> None:
    lines = Lines({A: (WAN, BACKUP), B: (BACKUP,)}, {A: BACKUP, B: "gone"})
    assert lines.in_use == {A: BACKUP, B: BACKUP}


def test_other_tunnels_are_a_mistake_of_the_caller_and_other_lines_are_none() -> None:
    lines = Lines({A: (WAN,)})
    assert lines.handle(Line("other", True, 0.0)) == []
    with pytest.raises(KeyError):
        lines.handle(Path("old", True, 0.0))


TUNNELS, LINES = st.sampled_from([A, B, "bound"]), st.sampled_from([WAN, BACKUP])


class LinesMachine(RuleBasedStateMachine):
    """Any sequence of events, carried out at once."""

    def __init__(self) -> None:
        super().__init__()
        self.allowed = {A: (WAN, BACKUP), B: (BACKUP, WAN), "bound": (WAN,)}
        self.lines = Lines(self.allowed)
        self.open: dict[str, bool | None] = dict.fromkeys((WAN, BACKUP))
        self.up = dict.fromkeys(self.allowed, False)
        self.now = 0.0
        self.moves: list[tuple[float, Use]] = []

    def feed(self, event: Line | Path | Tick) -> None:
        before = self.lines.in_use
        moves = self.lines.handle(event)
        for move in moves:
            assert move.line != before[move.tunnel]
            assert move.line in self.allowed[move.tunnel]
            assert self.open[move.line]
            # Who lives on an open line moves only to a better one.
            if self.up[move.tunnel] and self.open[before[move.tunnel]]:
                order = self.allowed[move.tunnel]
                assert order.index(move.line) < order.index(before[move.tunnel])
        self.moves += [(self.now, move) for move in moves]
        assert self.lines.in_use == before | {move.tunnel: move.line for move in moves}

    @rule(line=LINES, is_open=st.booleans())
    def line(self, line: str, is_open: bool) -> None:
        self.open[line] = is_open
        self.feed(Line(line, is_open, self.now))

    @rule(tunnel=TUNNELS, up=st.booleans())
    def path(self, tunnel: str, up: bool) -> None:
        self.up[tunnel] = up
        self.feed(Path(tunnel, up, self.now))

    @rule(seconds=st.floats(0.0, 100.0))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        while (deadline := self.lines.next_deadline()) is not None and self.now < deadline <= end:
            self.now = deadline
            self.feed(Tick(self.now))
        self.now = end
        self.feed(Tick(end))

    @rule()
    def quiet(self) -> None:
        """All is well for as long as it takes: everybody is where he prefers to be."""
        for line in self.open:
            self.line(line, True)
        for tunnel in self.up:
            self.path(tunnel, True)
        self.time_passes(LONGEST_HOLD + TRIAL)
        assert self.lines.in_use == {tunnel: lines[0] for tunnel, lines in self.allowed.items()}

    @invariant()
    def nobody_stays_on_a_closed_line_when_he_may_use_an_open_one(self) -> None:
        for tunnel, line in self.lines.in_use.items():
            assert self.open[line] is not False or not any(self.open[other] for other in self.allowed[tunnel])

    @invariant()
    def nobody_moves_for_ever(self) -> None:
        for tunnel in self.allowed:
            recent = [at for at, move in self.moves if move.tunnel == tunnel and at == self.now]
            assert len(recent) <= 40


LinesMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestLinesMachine: Any = LinesMachine.TestCase
