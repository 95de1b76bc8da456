"""Whatever a connection is told, in whatever order: the promises that it keeps."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.core import Connection, State
from appliance.gate.reasons import Reason
from appliance.gate.steps import (
    Broken,
    Close,
    Connect,
    Connected,
    ConnectFailed,
    Delivered,
    Delivery,
    Ended,
    EngineFailed,
    EngineProven,
    Event,
    Found,
    NewTerms,
    Ordered,
    Peeked,
    Relay,
    Reset,
    Side,
    TerminalFailed,
    TerminalProven,
    Terms,
    TimedOut,
    WriteEnded,
)
from appliance.pins import Identity

PIN, OTHER_PIN = "sha256/our-engine", "sha256/somebody-else"
OUR_TERMINAL, OUR_ENGINE = "terminals-ca:01", "engines-ca:01"
OURS, STRANGER = Identity(PIN, OUR_ENGINE), Identity(OTHER_PIN, "engines-ca:02")
TERMS = Terms({PIN})

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
    st.builds(Delivered, st.sampled_from(Delivery), st.booleans()),
    st.builds(Peeked, st.booleans()),
    st.builds(Found, st.sampled_from([(), ("203.0.113.18",)])),
    st.builds(TimedOut),
)


@given(
    st.lists(EVENTS, max_size=30),
    st.lists(st.sampled_from(["203.0.113.18", "203.0.113.34"]), max_size=3),
    st.booleans(),
)
def test_nothing_is_relayed_unless_both_sides_are_proven_and_every_end_is_final(
    events: list[Event], candidates: list[str], may_hold: bool
) -> None:
    connection = Connection(tuple(candidates), TERMS, may_hold=may_hold)
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
                    assert address in (*candidates, "203.0.113.18")
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
