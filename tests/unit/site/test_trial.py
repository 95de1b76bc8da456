"""The trial as a dialogue, and as a machine that is cut off anywhere: one of two whole versions is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from appliance.errors import SekishoError
from appliance.site import trial as t
from appliance.site.trial import Ending, Phase, Seen, Trial, Trials
from appliance.text import Text

TOKEN = "abcde-fghjk"
GREEN = Seen(True, Text("良い。", "Fine."))
RED = Seen(False, Text("回線が切れています。", "The line is down."))
ALL_GREEN = {"line": GREEN, "engine": GREEN}
LINE_DOWN = {"line": RED, "engine": GREEN}


def begin(now: float = 1000.0, seconds: float = 120.0) -> t.Begin:
    return t.Begin(now, "boot", 7, seconds, ("line", "engine"), t.digest_of(TOKEN))


def begun() -> Trials:
    core = Trials()
    keep, tried = core.handle(begin())
    assert isinstance(keep, t.Keep)
    assert tried == t.Try(7)
    return core


def waiting() -> Trials:
    core = begun()
    assert core.handle(t.Look(1001.0, ALL_GREEN)) == ()
    (kept,) = core.handle(t.Look(1003.5, ALL_GREEN))
    assert isinstance(kept, t.Keep)
    assert kept.trial.phase is Phase.WAITING
    return core


def returning(commands: tuple[t.Command, ...]) -> str:
    """That these commands keep the decision and return; the reason."""
    keep, back = commands
    assert isinstance(keep, t.Keep)
    assert keep.trial.phase is Phase.RETURNING
    assert back == t.Return()
    assert keep.trial.reason is not None
    return keep.trial.reason.en


def refused(core: Trials, event: t.Event) -> str:
    before = core.trial
    with pytest.raises(SekishoError) as error:
        core.handle(event)
    assert core.trial == before
    return error.value.code


def test_tried_checked_confirmed() -> None:
    core = waiting()
    assert core.handle(t.Confirm(1100.0, " ABCDE fghjk")) == (t.Commit(7),)
    assert core.handle(t.Committed()) == (t.End(7, Ending.CONFIRMED), t.Forget())
    assert core.trial is None


def test_confirmed_by_somebody_who_logged_in_over_the_new_settings() -> None:
    core = waiting()
    # The trial began at 1000: whoever had logged in before has proven nothing about what is tried.
    assert refused(core, t.ConfirmAfterLogIn(1100.0, 999.0)) == "trial.log-in-again"
    assert core.handle(t.ConfirmAfterLogIn(1100.0, 1050.0)) == (t.Commit(7),)
    assert refused(begun(), t.ConfirmAfterLogIn(1001.0, 1000.5)) == "trial.still-checking"
    assert refused(waiting(), t.ConfirmAfterLogIn(1120.5, 1050.0)) == "trial.over"
    assert refused(Trials(), t.ConfirmAfterLogIn(1.0, 1.0)) == "trial.none"


def test_a_log_in_counts_for_a_trial_that_a_new_daemon_goes_on_with() -> None:
    trial = waiting().trial
    assert trial is not None
    core = Trials()
    core.handle(t.Found(1070.0, "boot", trial, False))
    core.handle(t.Look(1071.0, ALL_GREEN))
    core.handle(t.Look(1073.5, ALL_GREEN))
    assert refused(core, t.ConfirmAfterLogIn(1100.0, 999.0)) == "trial.log-in-again"
    assert core.handle(t.ConfirmAfterLogIn(1100.0, 1050.0)) == (t.Commit(7),)


def test_not_confirmed_in_time() -> None:
    core = waiting()
    assert core.handle(t.Look(1119.9, LINE_DOWN)) == ()
    assert returning(core.handle(t.Look(1120.0, ALL_GREEN))) == "it was not confirmed in time."
    assert refused(core, t.Confirm(1120.5, TOKEN)) == "trial.over"
    (end, forget) = core.handle(t.Returned())
    assert isinstance(end, t.End)
    assert (end.ending, forget) == (Ending.RETURNED, t.Forget())


def test_what_was_green_does_not_come_back() -> None:
    core = begun()
    assert core.handle(t.Look(1059.0, LINE_DOWN)) == ()
    assert "The line is down." in returning(core.handle(t.Look(1060.0, LINE_DOWN)))


def test_a_light_that_is_not_there_is_not_green() -> None:
    assert "did not come back" in returning(begun().handle(t.Look(1061.0, {"line": GREEN})))


def test_a_path_that_dies_a_moment_later_was_not_green() -> None:
    core = begun()
    assert core.handle(t.Look(1001.0, ALL_GREEN)) == ()
    assert core.handle(t.Look(1002.0, LINE_DOWN)) == ()
    assert core.handle(t.Look(1003.5, ALL_GREEN)) == ()
    assert core.handle(t.Look(1004.0, ALL_GREEN)) == ()
    assert len(core.handle(t.Look(1005.5, ALL_GREEN))) == 1


def test_what_was_not_green_before_is_not_asked_for() -> None:
    core = Trials()
    core.handle(t.Begin(0.0, "boot", 7, 120.0, ("line",), ""))
    core.handle(t.Look(1.0, {"line": GREEN, "tunnel": RED}))
    assert len(core.handle(t.Look(3.5, {"line": GREEN, "tunnel": RED}))) == 1


def test_a_short_trial_is_checked_in_half_its_time() -> None:
    core = Trials()
    core.handle(begin(seconds=40.0))
    assert core.handle(t.Look(1019.0, LINE_DOWN)) == ()
    returning(core.handle(t.Look(1020.0, LINE_DOWN)))


def test_refusals_change_nothing() -> None:
    core = begun()
    assert refused(core, begin()) == "trial.running"
    assert refused(core, t.Confirm(1001.0, TOKEN)) == "trial.still-checking"
    assert refused(core, t.Confirm(1001.0, "abcde-fghjj")) == "trial.wrong-token"
    idle = Trials()
    assert refused(idle, t.Confirm(1.0, TOKEN)) == "trial.none"
    assert refused(idle, t.Cancel(Text("", ""))) == "trial.none"
    for seconds in (29.0, 3601.0, float("nan")):
        assert refused(idle, begin(seconds=seconds)) == "trial.seconds"
    assert idle.handle(t.Look(1.0, {})) == ()


def test_given_up_by_a_person_or_with_the_whole_router() -> None:
    core = waiting()
    assert returning(core.handle(t.Cancel(Text("取りやめ。", "enough")))) == "enough"
    assert core.handle(t.Cancel(Text("", ""))) == ()
    abandoned = waiting()
    end, forget = abandoned.handle(t.Abandon(Text("止めた。", "down")))
    assert isinstance(end, t.End)
    assert (end.ending, forget, abandoned.trial) == (Ending.RETURNED, t.Forget(), None)


def test_what_cannot_be_tried_is_returned_and_a_return_that_fails_is_tried_again() -> None:
    core = begun()
    assert returning(core.handle(t.NotTried(Text("口がない。", "no such port")))) == "no such port"
    assert core.handle(t.NotReturned(1001.0)) == ()
    assert core.handle(t.Look(1005.9, ALL_GREEN)) == ()
    assert core.handle(t.Look(1006.0, ALL_GREEN)) == (t.Return(),)
    assert len(core.handle(t.Returned())) == 2


def kept(core: Trials) -> Trial:
    assert core.trial is not None
    return core.trial


def test_a_new_daemon_goes_on_with_the_same_deadline() -> None:
    core = Trials()
    keep, tried = core.handle(t.Found(1050.0, "boot", kept(waiting()), committed=False))
    assert isinstance(keep, t.Keep)
    assert tried == t.Try(7)
    assert (keep.trial.deadline, keep.trial.phase, keep.trial.check_until) == (1120.0, Phase.CHECKING, 1110.0)
    late = Trials()
    assert "in time" in returning(late.handle(t.Found(1120.0, "boot", kept(waiting()), committed=False)))


def test_a_new_daemon_ends_what_was_being_ended() -> None:
    core = waiting()
    core.handle(t.Cancel(Text("", "")))
    assert Trials().handle(t.Found(1050.0, "boot", kept(core), committed=False)) == (t.Return(),)
    confirmed = Trials()
    assert confirmed.handle(t.Found(9.0, "other", kept(waiting()), committed=True)) == (
        t.End(7, Ending.CONFIRMED),
        t.Forget(),
    )
    assert confirmed.trial is None


def test_after_a_power_cut_there_is_nothing_to_undo() -> None:
    core = Trials()
    end, forget = core.handle(t.Found(9.0, "other", kept(waiting()), committed=False))
    assert isinstance(end, t.End)
    assert (end.ending, forget, core.trial) == (Ending.RETURNED, t.Forget(), None)
    assert "power" in (end.reason.en if end.reason else "")


@dataclass
class Machine:
    """What survives a daemon (`kernel`), and what survives a power cut too (`trial`, `in_force`)."""

    kernel: str = "before"
    trial: Trial | None = None
    in_force: str = "before"


class CutAnywhere(RuleBasedStateMachine):
    """The shell in small: after each command the daemon may die, or the power may go."""

    def __init__(self) -> None:
        super().__init__()
        self.machine, self.core, self.now, self.boot = Machine(), Trials(), 0.0, 0
        self.endings: list[Ending] = []

    def do(self, event: t.Event, steps: int) -> bool:
        """False: cut off after so many steps."""
        queue = list(self.core.handle(event))
        while queue:
            if steps == 0:
                return False
            steps -= 1
            answer: t.Event | None = None
            match queue.pop(0):
                case t.Keep(trial):
                    self.machine.trial = trial
                case t.Try():
                    self.machine.kernel = "tried"
                case t.Commit():
                    self.machine.in_force, answer = "tried", t.Committed()
                case t.Return():
                    self.machine.kernel, answer = self.machine.in_force, t.Returned()
                case t.End(_, ending, _):
                    self.endings.append(ending)
                case t.Forget():
                    self.machine.trial = None
            if answer is not None:
                queue += self.core.handle(answer)
        return True

    def start(self) -> None:
        self.core = Trials()
        found = self.machine.trial
        if found is not None:
            committed = self.machine.in_force == "tried"
            self.do(t.Found(self.now, str(self.boot), found, committed), 99)
        if self.core.trial is None:
            self.machine.kernel = self.machine.in_force

    @rule(
        event=st.sampled_from(["begin", "look", "confirm", "log in", "cancel"]),
        steps=st.integers(0, 9),
        power=st.booleans(),
    )
    def something_happens(self, event: str, steps: int, power: bool) -> None:
        lights: Mapping[str, Seen] = ALL_GREEN
        events: dict[str, t.Event] = {
            "begin": t.Begin(self.now, str(self.boot), 7, 30.0, ("line",), t.digest_of(TOKEN)),
            "look": t.Look(self.now, lights),
            "confirm": t.Confirm(self.now, TOKEN),
            "log in": t.ConfirmAfterLogIn(self.now, self.now),
            "cancel": t.Cancel(Text("", "")),
        }
        if event == "begin" and self.machine.in_force == "tried":
            self.machine.kernel = self.machine.in_force = "before"
        try:
            whole = self.do(events[event], steps)
        except SekishoError:
            return
        if not whole:
            if power:
                self.boot, self.machine.kernel = self.boot + 1, "closed"
            self.start()

    @rule(seconds=st.floats(0.1, 40.0))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @precondition(lambda self: self.core.trial is None)
    @invariant()
    def without_a_trial_the_kernel_is_what_is_in_force(self) -> None:
        assert self.machine.kernel == self.machine.in_force
        assert self.machine.trial is None

    @precondition(lambda self: self.core.trial is not None)
    @invariant()
    def a_trial_is_kept_and_not_in_force(self) -> None:
        assert self.machine.trial == self.core.trial
        assert (self.machine.kernel, self.machine.in_force) == ("tried", "before")


TestCutAnywhere = CutAnywhere.TestCase
TestCutAnywhere.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
