"""HTTP calls through the gate: what passes is what was understood, and a refusal never mixes with an answer."""

from __future__ import annotations

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.calls import Calls

READ = b"GET /api/patients HTTP/1.1\r\nHost: e\r\n\r\n"
WRITE = b"POST /api/orders HTTP/1.1\r\nHost: e\r\nContent-Length: 5\r\n\r\nhello"
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def reading_only() -> Calls:
    return Calls(lambda method, _: method == "GET")


def everything() -> Calls:
    return Calls(lambda *_: True)


def understood(data: bytes) -> list[tuple[str, str, bytes]]:
    """Method, target and body of each request, as another implementation's server would have it."""
    server, found, body = h11.Connection(h11.SERVER), [], b""
    server.receive_data(data)
    while True:
        match event := server.next_event():
            case h11.Request():
                found.append((event.method.decode(), event.target.decode(), b""))
                body = b""
            case h11.Data():
                body += bytes(event.data)
            case h11.EndOfMessage():
                method, target, _ = found.pop()
                found.append((method, target, body))
                rest, _ = server.trailing_data
                server = h11.Connection(h11.SERVER)
                server.receive_data(rest) if rest else None
            case _:
                return found


def test_a_call_that_is_permitted_passes_and_its_answer_lets_the_next_one_pass() -> None:
    calls = everything()
    assert understood(calls.from_terminal(READ)) == [("GET", "/api/patients", b"")]
    assert calls.waits
    assert calls.from_engine(ANSWER) == b""
    assert not calls.waits
    assert understood(calls.from_terminal(WRITE)) == [("POST", "/api/orders", b"hello")]


def test_calls_in_one_go_pass_one_after_the_other() -> None:
    calls = everything()
    assert understood(calls.from_terminal(READ + WRITE + READ)) == [("GET", "/api/patients", b"")]
    assert understood(calls.from_engine(ANSWER)) == [("POST", "/api/orders", b"hello")]
    assert understood(calls.from_engine(ANSWER)) == [("GET", "/api/patients", b"")]


def test_what_is_not_permitted_is_answered_by_the_router_in_words() -> None:
    calls = reading_only()
    assert calls.from_terminal(WRITE) == b""
    assert calls.refused == "POST /api/orders"
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="POST", target="/", headers=[("Host", "e")]))
    client.send(h11.EndOfMessage())
    client.receive_data(calls.answer())
    response, data = client.next_event(), client.next_event()
    assert isinstance(response, h11.Response) and response.status_code == 403
    assert isinstance(data, h11.Data) and "ルーター" in bytes(data.data).decode()
    assert calls.from_terminal(READ) == b""


def test_a_refusal_waits_for_the_answer_before_it() -> None:
    calls = reading_only()
    assert understood(calls.from_terminal(READ + WRITE)) == [("GET", "/api/patients", b"")]
    assert calls.refused is None
    assert calls.from_engine(ANSWER) == b""
    assert calls.refused == "POST /api/orders"


@pytest.mark.parametrize(
    "data",
    [
        b"GET /api/patients HTTP/1.0\r\n\r\n",
        b"GET /ws HTTP/1.1\r\nHost: e\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n",
        b"CONNECT e:443 HTTP/1.1\r\nHost: e\r\n\r\n",
        b"GET /a HTTP/1.1\r\nHost: e\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + READ,
        b"POST /a HTTP/1.1\r\nHost: e\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"GET /a HTTP/1.1\r\nHost : e\r\n\r\n",
        b"\x16\x03\x01 hello",
    ],
    ids=["HTTP/1.0", "upgrade", "CONNECT", "two framings", "two lengths", "space before colon", "no HTTP"],
)
def test_what_could_be_understood_differently_is_refused_or_written_anew(data: bytes) -> None:
    calls = everything()
    passed = calls.from_terminal(data)
    assert calls.refused is not None or len(understood(passed)) == 1
    assert b"Content-Length" not in passed.title() or b"Transfer-Encoding" not in passed.title()


def test_an_early_answer_does_not_stop_the_calls() -> None:
    calls = everything()
    head, body = WRITE[:-5], WRITE[-5:]
    passed = calls.from_terminal(head)
    assert calls.from_engine(ANSWER) == b""
    passed += calls.from_terminal(body)
    assert understood(passed) == [("POST", "/api/orders", b"hello")]
    assert understood(calls.from_terminal(READ)) == [("GET", "/api/patients", b"")]


def test_an_engine_that_speaks_before_it_is_asked_is_cut_off() -> None:
    calls = everything()
    calls.from_terminal(READ[:9])
    with pytest.raises(ConnectionError):
        calls.from_engine(ANSWER)
    assert calls.from_terminal(READ[9:]) == b""


@pytest.mark.parametrize("answer", [b"nonsense\r\n\r\n", ANSWER + b"HTTP/1.1 200 OK\r\n\r\n"], ids=["no HTTP", "two"])
def test_an_engine_that_speaks_out_of_turn_is_cut_off(answer: bytes) -> None:
    calls = everything()
    calls.from_terminal(READ)
    with pytest.raises(ConnectionError):
        calls.from_engine(answer)
    assert calls.from_terminal(READ) == b""


@given(st.lists(st.sampled_from([READ, WRITE, ANSWER, b"GET ", b"\r\n", b"x" * 9]), max_size=6), st.data())
def test_nothing_reaches_the_engine_that_is_not_permitted(pieces: list[bytes], data: st.DataObject) -> None:
    calls = reading_only()
    stream = b"".join(pieces)
    passed = b""
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        passed += calls.from_terminal(stream[:size])
        stream = stream[size:]
        while calls.waits and calls.refused is None:
            passed += calls.from_engine(ANSWER)
    assert all(method == "GET" for method, _, _ in understood(passed))


@given(st.binary(max_size=300))
def test_any_bytes_pass_whole_or_are_refused(data: bytes) -> None:
    calls = everything()
    calls.from_terminal(data)
    assert calls.refused is None or calls.answer().startswith(b"HTTP/1.1 403")
