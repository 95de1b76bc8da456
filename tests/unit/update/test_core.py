"""What follows from what: stories, and that nothing but a proof raises the floor."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from appliance.text import Text
from appliance.update import core, words
from appliance.update.core import (
    Again,
    Arm,
    Blessed,
    Dropped,
    Ended,
    Failed,
    Keep,
    Kept,
    Look,
    NotArmed,
    Offer,
    Offered,
    Restart,
    Stage,
    Started,
    Write,
    Written,
)
from appliance.update.window import Wait
from tests.unit.update.world import NOW

OFFER = Offer("1.1.0", 7, "")
WAIT = Wait(NOW + timedelta(hours=5), Text("夜ではありません", "it is day"))
GREEN = ("engine:receipt", "router")


def after(kept: Kept, *events: core.Event) -> Kept:
    for event in events:
        for command in core.handle(kept, event):
            if isinstance(command, Keep):
                kept = command.kept
    return kept


def staged() -> Kept:
    return after(Kept(floor=6), Offered(OFFER), Written())


def test_it_waits_for_its_hour_and_writes_down_what_was_green_before_it_restarts() -> None:
    assert core.handle(staged(), Look(WAIT, GREEN)) == ()
    keep, arm, restart = core.handle(staged(), Look(None, GREEN))
    assert isinstance(keep, Keep)
    assert (keep.kept.stage, keep.kept.must) == (Stage.TRIED, GREEN)
    assert (arm, restart) == (Arm("1.1.0"), Restart())


def test_good_only_when_the_boot_loader_has_been_told() -> None:
    tried = after(staged(), Look(None, GREEN), Started(NOW, "1.1.0"))
    assert (tried.stage, tried.floor) == (Stage.TRIED, 6)
    good = after(tried, Blessed(NOW))
    assert (good.stage, good.floor, good.offer) == (Stage.IDLE, 7, None)
    assert good.last == core.Last("1.1.0", Ended.INSTALLED, NOW)


def test_back_by_itself_with_what_the_new_one_said() -> None:
    reason = Text("受付につながりません。", "reception cannot be reached.")
    once = after(staged(), Look(None, GREEN), Started(NOW, "1.1.0"), Failed(reason), Started(NOW, "1.0.0"))
    assert (once.stage, once.attempts, once.floor) == (Stage.STAGED, 1, 6)
    assert once.last == core.Last("1.1.0", Ended.RETURNED, NOW, reason)
    twice = after(once, Look(None, GREEN), Started(NOW, "1.0.0"))
    assert (twice.stage, twice.offer, twice.blocked) == (Stage.IDLE, None, 7)
    # Not by itself; by hand, and when there is a newer one.
    assert core.handle(twice, Offered(OFFER)) == ()
    assert after(twice, Offered(Offer("1.1.0", 7, "/stick", by_hand=True))).stage is Stage.WRITING
    assert after(twice, Offered(Offer("1.1.1", 8, ""))).stage is Stage.WRITING


def test_what_becomes_of_a_version_that_came_back() -> None:
    tries = Look(None, GREEN), Started(NOW, "1.0.0")
    once = after(staged(), *tries)
    assert core.again(once) is Again.BY_ITSELF
    twice = after(once, *tries)
    assert core.again(twice) is Again.BY_HAND
    # While it is tried, or another one is on its way, there is nothing to tell of it.
    assert core.again(after(once, Look(None, GREEN))) is None
    assert core.again(after(twice, Offered(Offer("1.1.1", 8, "")))) is None
    by_hand = after(twice, Offered(Offer("1.1.0", 7, "/stick", by_hand=True)), Written())
    assert core.again(by_hand) is None
    assert core.again(after(by_hand, *tries)) is Again.BY_ITSELF
    # Dropped before its second try, it is taken again from whoever still offers it.
    dropped = after(once, Look(None, GREEN), NotArmed(), Dropped())
    assert dropped.offer is None
    assert core.again(dropped) is None
    assert after(dropped, Offered(OFFER)).stage is Stage.WRITING
    # A newer one that is good ends the story.
    good = after(twice, Offered(Offer("1.1.1", 8, "")), Written(), Look(None, GREEN), Blessed(NOW))
    assert core.again(good) is None


def test_what_a_person_asked_for_goes_before_what_is_offered() -> None:
    by_hand = Offer("1.1.0", 7, "/stick", by_hand=True)
    assert after(staged(), Offered(by_hand)).offer == by_hand
    assert core.handle(after(Kept(), Offered(by_hand)), Offered(Offer("1.2.0", 8, ""))) == ()
    # A newer one replaces an older one that is still waiting.
    assert after(staged(), Offered(Offer("1.2.0", 8, ""))).stage is Stage.WRITING


def test_what_cannot_be_armed_is_looked_through_again() -> None:
    assert after(staged(), Look(None, GREEN), NotArmed()).stage is Stage.WRITING


def test_a_sentence_for_each() -> None:
    kept = staged()
    shown = words.sentence(kept, WAIT, None, None)
    assert shown is not None
    assert "2026-11-28 17:00" in shown.ja
    assert "it is day" in shown.en
    assert words.sentence(Kept(), None, None, None) is None


EVENTS = st.one_of(
    st.sampled_from(
        [
            Started(NOW, "1.0.0"),
            Started(NOW, "1.1.0"),
            Written(),
            Dropped(),
            Look(None, GREEN),
            Look(WAIT, ()),
            NotArmed(),
        ]
    ),
    st.builds(
        Offered,
        st.builds(
            Offer,
            st.sampled_from(["1.1.0", "1.2.0"]),
            st.integers(1, 9),
            st.sampled_from(["", "/f"]),
            by_hand=st.booleans(),
            at_once=st.booleans(),
        ),
    ),
    st.just(Failed(Text("だめ", "no"))),
    st.just(Blessed(NOW)),
)


@given(st.lists(EVENTS, max_size=30))
def test_whatever_happens(events: list[core.Event]) -> None:
    kept = Kept(floor=3)
    for event in events:
        before = kept
        commands = core.handle(kept, event)
        kept = after(kept, event)
        assert kept.floor >= before.floor
        if kept.floor != before.floor:
            assert isinstance(event, Blessed)
        if Restart() in commands:
            # Only what was written whole, and never twice without a note in between.
            assert before.stage is Stage.STAGED
            assert isinstance(commands[0], Keep)
        assert (kept.offer is None) == (kept.stage is Stage.IDLE)
        assert sum(isinstance(command, Write) for command in commands) <= 1
