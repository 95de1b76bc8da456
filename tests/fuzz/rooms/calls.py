"""What is said on connections whose protocol the gate reads: HTTP calls, to engines and to the router's page, and
PostgreSQL's first word."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import h11

from appliance.gate import postgres
from appliance.gate.calls import Calls
from appliance.gate.page_calls import PageCalls, Redirect
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
    return [(request.method.decode(), request.target.decode("latin-1")) for request in _requests(passed)]


HOSTS = ("192.0.2.1", "sekisho.lan")


@target(
    longest=4096,
    words=("GET /a HTTP/1.1\r\nHost: a\r\n", "Sekisho-Client: 192.0.2.99\r\n", "Sekisho_Client", "\r\n\r\n"),
)
def page(dialogue: bytes) -> None:
    """Browser and page's process in turn, as above. The page hears one address, and it is the browser's."""
    calls, passed = PageCalls("192.0.2.10", is_vouched=False, is_there=True), b""
    with suppress(ConnectionError):
        for turn, said in enumerate(dialogue.split(b"\xff")):
            if said:
                passed += calls.from_engine(said) if turn % 2 else calls.from_terminal(said)
    if calls.refused is not None:
        assert calls.answer().startswith(b"HTTP/1.1 400 ")
    assert calls.left_alone()[:13] in (b"", b"HTTP/1.1 503 ")
    for request in _requests(passed):
        told = [value for name, value in request.headers if name.replace(b"_", b"-") == b"sekisho-client"]
        assert told == [b"192.0.2.10"]


@target(longest=2048, words=("GET /a HTTP/1.1\r\nHost: ", "sekisho.lan", "evil.example", "//", "\r\n\r\n"))
def redirect(said: bytes) -> None:
    """Nobody is led anywhere but to this router."""
    calls = Redirect(HOSTS, HOSTS[0])
    assert calls.from_terminal(said) == b""
    if calls.refused is not None:
        head = calls.answer().partition(b"\r\n\r\n")[0].split(b"\r\n")
        led = [line for line in head if line.lower().startswith(b"location")]
        assert len(led) <= 1
        assert all(line.startswith(tuple(f"Location: https://{host}/".encode() for host in HOSTS)) for line in led)


def _requests(passed: bytes) -> Iterator[h11.Request]:
    """As somebody understands them who answers everything."""
    engine = h11.Connection(h11.SERVER)
    if passed:
        engine.receive_data(passed)
    while isinstance(event := engine.next_event(), h11.Event):
        if isinstance(event, h11.Request):
            yield event
        if isinstance(event, h11.EndOfMessage):
            if engine.our_state is h11.SEND_RESPONSE:
                engine.send(h11.Response(status_code=204, headers=[]))
                engine.send(h11.EndOfMessage())
            if engine.our_state is h11.MUST_CLOSE:
                return
            engine.start_next_cycle()


@target(longest=64)
def postgres_start(data: bytes) -> None:
    for size in range(len(data) + 1):
        postgres.first_word(data[:size])
        postgres.objection(data[:size])
