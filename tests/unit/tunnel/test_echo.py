"""Echo requests against the kernel's own answers."""

from __future__ import annotations

import select
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.tunnel import echo

HERE = IPv4Address("127.0.0.1")


@pytest.mark.namespaces
@pytest.mark.parametrize("size", [28, 29, 1280, 1394])
def test_what_is_sent_comes_back_by_the_same_size(size: int) -> None:
    with echo.open_socket("lo", HERE) as sock:
        sock.sendto(echo.request(size, 0xBEEF), (str(HERE), 0))
        found = None
        while found is None:
            readable, _, _ = select.select([sock], [], [], 20)
            assert readable, "no answer"
            found = echo.size_of_reply(sock.recv(65536), 0xBEEF)
        assert found == size


@pytest.mark.namespaces
def test_what_is_too_large_for_the_interface_is_not_sent() -> None:
    with echo.open_socket("lo", HERE) as sock, pytest.raises(OSError):
        sock.sendto(echo.request(65536 + 100, 1), (str(HERE), 0))


@pytest.mark.namespaces
def test_an_interface_that_is_not_there() -> None:
    with pytest.raises(OSError):
        echo.open_socket("sk-nowhere", HERE)


@given(st.binary(max_size=200), st.integers(0, 0xFFFF))
def test_strangers_packets_are_no_replies(packet: bytes, identifier: int) -> None:
    found = echo.size_of_reply(packet, identifier)
    assert found is None or found == len(packet)


def test_a_reply_to_somebody_else_is_none_of_ours() -> None:
    header = bytes([0x45]) + bytes(19)
    reply = bytearray(echo.request(60, 7))
    reply[0] = 0
    reply[2:4] = bytes(2)
    reply[2:4] = echo.checksum(bytes(reply)).to_bytes(2, "big")
    assert echo.size_of_reply(header + bytes(reply), 7) == 60
    assert echo.size_of_reply(header + bytes(reply), 8) is None
    assert echo.size_of_reply(header + bytes(reply)[:-1] + b"x", 7) is None
