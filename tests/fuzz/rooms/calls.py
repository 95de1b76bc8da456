"""What terminals and engines say on a connection whose protocol the gate reads: HTTP calls, PostgreSQL's first word."""

from __future__ import annotations

from contextlib import suppress

import h11

from appliance.gate import postgres
from appliance.gate.calls import Calls
from tests.fuzz.target import target


@target(
    longest=4096,
    words=(
        *("GET /a HTTP/1.1\r\nHost: a\r\n", "Content-Length: ", "Transfer-Encoding: chunked\r\n", "\r\n\r\n"),
        *("HTTP/1.1 200 OK\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "Upgrade: ", "Connection: close\r\n", "/no"),
    ),
)
def http(dialogue: bytes) -> None:
    """Terminal and engine in turn, a byte 255 between two turns. An engine understands only what was permitted."""
    permitted: list[tuple[str, str]] = []

    def permits(method: str, target: str) -> bool:
        if not target.startswith("/no"):
            permitted.append((method, target))
        return not target.startswith("/no")

    calls, passed = Calls(permits), b""
    with suppress(ConnectionError):
        for turn, said in enumerate(dialogue.split(b"\xff")):
            if not said:  # The end of a direction is nothing that is said.
                continue
            is_over = calls.refused is not None
            more = calls.from_engine(said) if turn % 2 else calls.from_terminal(said)
            assert not (is_over and more)
            passed += more
    if calls.refused is not None:
        assert calls.answer().startswith(b"HTTP/1.1 403 ")
    assert _understood(passed) == permitted


def _understood(passed: bytes) -> list[tuple[str, str]]:
    """By an engine that answers everything."""
    engine = h11.Connection(h11.SERVER)
    if passed:
        engine.receive_data(passed)
    found = []
    while isinstance(event := engine.next_event(), h11.Event):
        if isinstance(event, h11.Request):
            found.append((event.method.decode(), event.target.decode("latin-1")))
        if isinstance(event, h11.EndOfMessage):
            if engine.our_state is h11.SEND_RESPONSE:
                engine.send(h11.Response(status_code=204, headers=[]))
                engine.send(h11.EndOfMessage())
            if engine.our_state is h11.MUST_CLOSE:
                break
            engine.start_next_cycle()
    return found


@target(longest=64)
def postgres_start(data: bytes) -> None:
    for size in range(len(data) + 1):
        postgres.first_word(data[:size])
        postgres.objection(data[:size])
