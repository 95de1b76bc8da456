"""Whether a terminal asks for a push channel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.gate.push import LONGEST_HEAD, Ear, asks_for_push, is_whole

PUSH = b"GET /ws HTTP/1.1\r\nHost: e\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\r\n"


def test_a_request_for_a_websocket_is_one() -> None:
    assert is_whole(PUSH) and asks_for_push(PUSH)
    assert not is_whole(PUSH[:-1]) and not asks_for_push(PUSH[:-1])


@pytest.mark.parametrize(
    "head",
    [
        b"POST /rpc/ HTTP/1.1\r\nHost: e\r\nContent-Length: 2\r\n\r\n{}",
        b"GET /ws HTTP/1.1\r\nHost: e\r\nUpgrade: h2c\r\n\r\n",
        b"GET /upgrade:websocket HTTP/1.1\r\nHost: e\r\n\r\nUpgrade: websocket\r\n",
        b"POST /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n",
        b"\r\n\r\n",
    ],
)
def test_anything_else_is_not(head: bytes) -> None:
    assert is_whole(head) and not asks_for_push(head)


@given(st.binary(max_size=200))
def test_any_bytes_are_looked_at_and_there_is_an_end(data: bytes) -> None:
    asks_for_push(data)
    assert is_whole(data + b"x" * LONGEST_HEAD)


@given(st.integers(1, 40), st.sampled_from((PUSH, b"POST /rpc HTTP/1.1\r\nHost: e\r\n\r\n")), st.binary(max_size=50))
def test_an_ear_hears_in_whatever_pieces_it_comes(size: int, head: bytes, more: bytes) -> None:
    ear = Ear()
    for start in range(0, len(head), size):
        assert ear.is_listening
        ear.hear(head[start : start + size])
    assert not ear.is_listening
    ear.hear(more)
    assert ear.heard_push == asks_for_push(head)


def test_an_ear_is_not_for_ever() -> None:
    ear = Ear()
    for _ in range(LONGEST_HEAD):
        ear.hear(b"x")
    assert not ear.is_listening
    assert not ear.heard_push
