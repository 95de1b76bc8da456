"""Dialogues with one connection: what the shell tells it, what it wants done."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.core import (
    CONNECT_SECONDS,
    DELIVERY_SECONDS,
    DRAIN_SECONDS,
    HANDSHAKE_SECONDS,
    Broken,
    CheckDelivery,
    Close,
    Command,
    Connect,
    Connected,
    ConnectFailed,
    Connection,
    Delivered,
    Delivery,
    Drain,
    Ended,
    EndWrite,
    EngineFailed,
    EngineProven,
    Event,
    Handshake,
    NewTerms,
    Ordered,
    Refuse,
    Relay,
    Reset,
    Side,
    State,
    TerminalFailed,
    TerminalProven,
    Terms,
    TimedOut,
    Within,
    WriteEnded,
)
from appliance.gate.reasons import Reason
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


# ---- whatever happens -----------------------------------------------------------------

SIDES = st.sampled_from(Side)
REASONS = st.sampled_from(Reason)
EVENTS = st.one_of(
    st.builds(TerminalProven, st.sampled_from([None, OUR_TERMINAL, "terminals-ca:02"])),
    st.builds(TerminalFailed, REASONS),
    st.builds(Connected),
    st.builds(ConnectFailed, REASONS),
    st.builds(EngineProven, st.sampled_from([OURS, STRANGER]), st.booleans()),
    st.builds(EngineFailed, REASONS),
    st.builds(Ended, SIDES, st.booleans()),
    st.builds(WriteEnded, SIDES),
    st.builds(Broken, SIDES, st.none() | REASONS),
    st.builds(Ordered),
    st.builds(
        NewTerms,
        st.builds(
            Terms,
            st.sets(st.sampled_from([PIN, OTHER_PIN])),
            st.sets(st.sampled_from([OUR_TERMINAL, OUR_ENGINE])),
            st.booleans(),
        ),
    ),
    st.builds(Delivered, st.sampled_from(Delivery)),
    st.builds(TimedOut),
)


@given(st.lists(EVENTS, max_size=30), st.lists(st.sampled_from(["203.0.113.18", "203.0.113.34"]), max_size=3))
def test_nothing_is_relayed_unless_both_sides_are_proven_and_every_end_is_final(
    events: list[Event], candidates: list[str]
) -> None:
    connection = Connection(tuple(candidates), TERMS)
    connection.begin()
    terms, engine = TERMS, Identity("", "")
    terminal: TerminalProven | None = None

    def may_stay() -> bool:
        assert terminal
        return terminal.mark not in terms.revoked and (terms.by_address or terminal.mark is not None)

    for event in events:
        before = connection.state
        commands = connection.handle(event)
        if before is State.CLOSED:
            assert commands == []
        if isinstance(event, NewTerms):
            terms = event.terms
        if connection.state is State.RELAYING and before is State.RELAYING:
            assert engine.pin in terms.pins and engine.mark not in terms.revoked and may_stay()
        for command in commands:
            match command:
                case Connect(address):
                    # Nothing goes towards an engine before the terminal has shown its certificate.
                    assert address in candidates
                    if isinstance(event, TerminalProven):
                        terminal = event
                    assert may_stay()
                case Relay():
                    assert may_stay()
                    assert isinstance(event, EngineProven)
                    engine = event.shown
                    assert engine.pin in terms.pins and engine.mark not in terms.revoked
                    assert before in (State.CONNECTING, State.ENGINE_HANDSHAKE)
        ended = [command for command in commands if isinstance(command, (Close, Reset))]
        assert len(ended) == (connection.state is State.CLOSED and before is not State.CLOSED)
        if ended:
            assert commands[-1] is ended[0]
