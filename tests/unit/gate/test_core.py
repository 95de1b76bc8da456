"""Dialogues with one connection: what the shell tells it, what it wants done."""

from __future__ import annotations

from appliance.gate.core import (
    CONNECT_SECONDS,
    DELIVERY_SECONDS,
    DRAIN_SECONDS,
    HANDSHAKE_SECONDS,
    HOLDS,
    PEEK_SECONDS,
    RETRY_SECONDS,
    Connection,
    State,
)
from appliance.gate.reasons import Reason
from appliance.gate.steps import (
    Broken,
    CheckDelivery,
    Close,
    Command,
    Connect,
    Connected,
    ConnectFailed,
    Delivered,
    Delivery,
    Drain,
    Ended,
    EndWrite,
    EngineFailed,
    EngineProven,
    Event,
    Found,
    Handshake,
    Hold,
    Leave,
    NewTerms,
    Ordered,
    Peek,
    Peeked,
    Refuse,
    Relay,
    Reset,
    Seek,
    Side,
    TerminalFailed,
    TerminalProven,
    Terms,
    TimedOut,
    Within,
    WriteEnded,
)
from appliance.pins import Identity

PIN, OTHER_PIN = "sha256/our-engine", "sha256/somebody-else"
OUR_TERMINAL, OUR_ENGINE = "terminals-ca:01", "engines-ca:01"
OURS, STRANGER = Identity(PIN, OUR_ENGINE), Identity(OTHER_PIN, "engines-ca:02")
TERMS = Terms({PIN})
TERMINAL, ENGINE = Side.TERMINAL, Side.ENGINE


class Dialogue:
    """`dialogue << event >> [commands]`: the event must be answered by exactly these commands."""

    def __init__(self, *candidates: str) -> None:
        self.connection = Connection(candidates or ("203.0.113.18",), TERMS)
        self._heard: list[Command] = []
        self.begun = self.connection.begin()

    def __lshift__(self, event: Event) -> Dialogue:
        self._heard = self.connection.handle(event)
        return self

    def __rshift__(self, expected: list[Command]) -> Dialogue:
        assert self._heard == expected
        return self


def connecting(*candidates: str) -> Dialogue:
    dialogue = Dialogue(*candidates)
    dialogue << TerminalProven(OUR_TERMINAL)
    return dialogue


def engine_handshaking() -> Dialogue:
    return connecting() << Connected()


def relaying() -> Dialogue:
    return engine_handshaking() << EngineProven(OURS)


def test_the_good_way_from_the_first_packet_to_the_last() -> None:
    dialogue = Dialogue()
    assert dialogue.begun == [Within(HANDSHAKE_SECONDS), Handshake()]
    (
        dialogue
        << TerminalProven(OUR_TERMINAL)
        >> [Within(CONNECT_SECONDS), Connect("203.0.113.18")]
        << Connected()
        >> [Within(HANDSHAKE_SECONDS)]
        << EngineProven(OURS)
        >> [Within(None), Relay()]
        << Ended(TERMINAL, clean=True)
        >> [EndWrite(ENGINE, clean=True)]
        << WriteEnded(ENGINE)
        >> []
        << Ended(ENGINE, clean=True)
        >> [EndWrite(TERMINAL, clean=True)]
        << WriteEnded(TERMINAL)
        >> [Close()]
    )
    assert dialogue.connection.state is State.CLOSED


def test_a_refused_terminal_gets_its_alert_and_time_to_read_it() -> None:
    (
        Dialogue()
        << TerminalFailed(Reason.TERMINAL_CERTIFICATE_MISSING, "no certificate")
        >> [Refuse(Reason.TERMINAL_CERTIFICATE_MISSING, "no certificate"), Drain(), Within(DRAIN_SECONDS)]
        << Ended(TERMINAL, clean=False)
        >> [Close()]
    )


def test_a_refused_terminal_that_does_not_go_is_closed() -> None:
    Dialogue() << TerminalFailed(Reason.TERMINAL_HANDSHAKE_FAILED) << TimedOut() >> [Close()]


def test_a_terminal_that_says_nothing_is_reset() -> None:
    Dialogue() << TimedOut() >> [Refuse(Reason.TERMINAL_TOO_SLOW), Reset()]


def test_the_next_engine_is_tried_when_one_is_not_there() -> None:
    (
        connecting("203.0.113.18", "203.0.113.34", "203.0.113.35")
        << ConnectFailed(Reason.UNREACHABLE)
        >> [Within(CONNECT_SECONDS), Connect("203.0.113.34")]
        << TimedOut()
        >> [Within(CONNECT_SECONDS), Connect("203.0.113.35")]
        << ConnectFailed(Reason.CONNECTION_REFUSED)
        >> [Refuse(Reason.CONNECTION_REFUSED), Reset()]
    )


def test_the_next_engine_is_not_tried_when_one_is_not_ours() -> None:
    """An impostor is a reason to stop and to say so, not to look for somebody nicer."""
    (
        connecting("203.0.113.18", "203.0.113.34")
        << Connected()
        << EngineProven(STRANGER)
        >> [Refuse(Reason.WRONG_PIN, f"pin seen: {OTHER_PIN}"), Reset()]
    )


def test_an_engine_that_fails_its_handshake_resets_the_terminal() -> None:
    engine_handshaking() << EngineFailed(Reason.EXPIRED, "expired") >> [Refuse(Reason.EXPIRED, "expired"), Reset()]
    engine_handshaking() << TimedOut() >> [Refuse(Reason.TIMEOUT), Reset()]


def test_a_terminal_that_leaves_early_takes_the_rest_with_it() -> None:
    Dialogue() << Broken(TERMINAL) >> [Refuse(Reason.TERMINAL_LEFT), Reset()]
    connecting() << Broken(TERMINAL) >> [Reset()]
    engine_handshaking() << Broken(TERMINAL) >> [Reset()]


def test_a_cut_stream_is_passed_on_as_cut() -> None:
    relaying() << Ended(ENGINE, clean=False) >> [EndWrite(TERMINAL, clean=False)]


def test_an_end_told_twice_is_passed_on_once() -> None:
    relaying() << Ended(ENGINE, clean=True) << Ended(ENGINE, clean=True) >> []


def test_a_break_in_the_middle_resets_both() -> None:
    relaying() << Broken(ENGINE) >> [Reset()] << Broken(TERMINAL) >> []


def test_a_refusal_after_the_handshake_is_told() -> None:
    (
        relaying()
        << Broken(ENGINE, Reason.CLIENT_CERTIFICATE_REFUSED)
        >> [Refuse(Reason.CLIENT_CERTIFICATE_REFUSED), Reset()]
    )


def test_an_order_to_close_is_obeyed_in_every_state() -> None:
    for dialogue in (Dialogue(), connecting(), engine_handshaking(), relaying()):
        dialogue << Ordered() >> [Reset()] << Ordered() >> []


def test_a_pin_that_is_withdrawn_ends_what_leant_on_it_and_nothing_else() -> None:
    theirs, both = NewTerms(Terms({OTHER_PIN})), NewTerms(Terms({PIN, OTHER_PIN}))
    for dialogue in (Dialogue(), connecting(), engine_handshaking()):
        dialogue << theirs >> []
    relaying() << both >> [] << theirs >> [Refuse(Reason.WRONG_PIN, f"pin seen: {PIN}"), Reset()]
    engine_handshaking() << theirs >> [] << EngineProven(STRANGER) >> [Within(None), Relay()]


def test_a_certificate_that_is_revoked_ends_what_it_has_opened_and_opens_nothing() -> None:
    terminal, engine = NewTerms(Terms({PIN}, {OUR_TERMINAL})), NewTerms(Terms({PIN}, {OUR_ENGINE}))
    of_terminal = [Refuse(Reason.TERMINAL_CERTIFICATE_REVOKED, f"mark seen: {OUR_TERMINAL}"), Reset()]
    of_engine = [Refuse(Reason.REVOKED, f"mark seen: {OUR_ENGINE}"), Reset()]
    for dialogue in (connecting(), engine_handshaking(), relaying()):
        dialogue << terminal >> of_terminal
    Dialogue() << terminal >> [] << TerminalProven(OUR_TERMINAL) >> of_terminal
    relaying() << engine >> of_engine
    engine_handshaking() << engine >> [] << EngineProven(OURS) >> of_engine


def test_a_connection_that_waits_saves_every_step() -> None:
    (
        connecting()
        << EngineProven(OURS, had_waited=True)
        >> [Within(DELIVERY_SECONDS), Relay()]
        << TimedOut()
        >> [CheckDelivery()]
        << Delivered(Delivery.NOTHING_SAID)
        >> [Within(DELIVERY_SECONDS)]
        << TimedOut()
        >> [CheckDelivery()]
        << Delivered(Delivery.ACKNOWLEDGED)
        >> []
        << Ended(TERMINAL, clean=True)
        >> [EndWrite(ENGINE, clean=True)]
    )


def test_an_engine_that_fell_silent_while_a_connection_waited_does_not_leave_the_terminal_waiting() -> None:
    waited = connecting("203.0.113.18", "203.0.113.34") << EngineProven(OURS, had_waited=True)
    waited << TimedOut() << Delivered(Delivery.SILENCE) >> [Refuse(Reason.TIMEOUT), Reset()]


def test_a_push_channel_is_asked_for_at_the_next_engine_where_one_fell_silent() -> None:
    dialogue = Dialogue()
    dialogue.connection = Connection(("203.0.113.18", "203.0.113.34"), TERMS, may_hold=True)
    dialogue.connection.begin()
    (
        dialogue
        << TerminalProven(OUR_TERMINAL)
        << EngineProven(OURS, had_waited=True)
        << TimedOut()
        << Delivered(Delivery.SILENCE, asks_for_push=True)
        >> [Leave(), Within(CONNECT_SECONDS), Connect("203.0.113.34")]
        << TimedOut()
        >> [Hold(), Within(RETRY_SECONDS)]
    )


def test_a_connection_that_waits_is_held_against_the_terms_of_today() -> None:
    (
        connecting()
        << NewTerms(Terms({OTHER_PIN}))
        << EngineProven(OURS, had_waited=True)
        >> [
            Refuse(Reason.WRONG_PIN, f"pin seen: {PIN}"),
            Reset(),
        ]
    )


def test_a_terminal_without_a_certificate_gets_no_further_than_the_service_says() -> None:
    missing = [Refuse(Reason.TERMINAL_CERTIFICATE_MISSING), Reset()]
    by_address = NewTerms(Terms({PIN}, by_address=True))
    Dialogue() << TerminalProven(None) >> missing
    (
        Dialogue()
        << by_address
        << TerminalProven(None)
        >> [Within(CONNECT_SECONDS), Connect("203.0.113.18")]
        << NewTerms(TERMS)
        >> missing
    )


def without_engine(*candidates: str) -> Dialogue:
    """A terminal whose only engine has not answered."""
    dialogue = Dialogue(*candidates)
    dialogue.connection = Connection(candidates or ("203.0.113.18",), TERMS, may_hold=True)
    dialogue.connection.begin()
    return dialogue << TerminalProven(OUR_TERMINAL) << ConnectFailed(Reason.UNREACHABLE)


def test_who_asks_for_push_waits_for_an_engine_and_gets_the_first_one_that_is_there() -> None:
    (
        without_engine()
        >> [Within(PEEK_SECONDS), Peek()]
        << Peeked(asks_for_push=True)
        >> [Hold(), Within(RETRY_SECONDS)]
        << TimedOut()
        >> [Seek()]
        << Found(())
        >> [Hold(), Within(RETRY_SECONDS)]
        << TimedOut()
        << Found(("203.0.113.34",))
        >> [Within(CONNECT_SECONDS), Connect("203.0.113.34")]
        << TimedOut()
        >> [Hold(), Within(RETRY_SECONDS)]
        << TimedOut()
        << Found(("203.0.113.34",))
        << EngineProven(OURS, had_waited=True)
        >> [Within(DELIVERY_SECONDS), Relay()]
    )


def test_who_asks_for_anything_else_is_refused_at_once() -> None:
    unreachable = [Refuse(Reason.UNREACHABLE), Reset()]
    without_engine() << Peeked(asks_for_push=False) >> unreachable
    without_engine() << TimedOut() >> unreachable
    without_engine() << Broken(TERMINAL) >> [Reset()]
    connecting() << ConnectFailed(Reason.UNREACHABLE) >> unreachable


def test_nobody_waits_for_an_impostor() -> None:
    held = without_engine() << Peeked(asks_for_push=True) << TimedOut() << Found(("203.0.113.34",))
    held << EngineProven(STRANGER) >> [Refuse(Reason.WRONG_PIN, f"pin seen: {OTHER_PIN}"), Reset()]


def test_nobody_waits_for_ever() -> None:
    held = without_engine() << Peeked(asks_for_push=True)
    for _ in range(HOLDS - 1):
        held << TimedOut() >> [Seek()] << Found(()) >> [Hold(), Within(RETRY_SECONDS)]
    held << TimedOut() << Found(()) >> [Refuse(Reason.NO_PROVEN_ENGINE), Reset()]


def test_a_terminal_that_waits_may_leave_and_may_be_sent_away() -> None:
    for event in (Broken(TERMINAL), Ordered()):
        without_engine() << Peeked(asks_for_push=True) << event >> [Reset()]
