"""The engine's HTTP is small, but no bytes from a terminal may hurt it."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lab.engine import BadRequestError, Request, read_request

PIECES = [
    b"GET",
    b"POST",
    b" ",
    b"/rpc/",
    b"//[",
    b"?a=b",
    b"HTTP/1.1",
    b"\r\n",
    b"\r\n\r\n",
    b"Content-Length: ",
    b"3",
    b"-1",
]


def read(data: bytes) -> Request:
    async def feed() -> Request:
        reader = asyncio.StreamReader(limit=1 << 16)
        reader.feed_data(data)
        reader.feed_eof()
        return await read_request(reader)

    return asyncio.run(feed())


def test_a_request_with_a_body() -> None:
    request = read(b"POST /rpc/?a=1 HTTP/1.1\r\nHost: engine\r\nContent-Length: 3\r\n\r\nabcdef")
    assert (request.method, request.path, request.query, request.body) == ("POST", "/rpc/", "a=1", b"abc")
    assert request.headers["host"] == "engine"


@pytest.mark.parametrize(
    "data",
    [
        b"nonsense\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"GET //[ HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"GET /" + b"x" * (1 << 17) + b" HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(data: bytes) -> None:
    with pytest.raises(BadRequestError):
        read(data)


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=12).map(b"".join))
def test_any_bytes_are_a_request_or_refused(data: bytes) -> None:
    with contextlib.suppress(BadRequestError, asyncio.IncompleteReadError):
        read(data)
