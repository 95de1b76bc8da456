from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.engines.bird_control import Reply, ReplyReader, parse_bfd_sessions, parse_next_hop

SESSIONS = b"""\
0001 BIRD 2.17.5 ready.
1020-tunnel_paths:
 IP address                Interface  State      Since         Interval  Timeout
 203.0.113.1               sk-dc1     Up         07:15:25.210    0.050    0.200
 203.0.113.2               sk-dc2     Down       07:15:25.230    1.000    0.000
0000 \n"""
ROUTE = b"""\
0001 BIRD 2.0.12 ready.
1007-Table master4:
 203.0.113.0/25       unicast [by_dc2 07:15:25.230] * (190)
 \tvia 203.0.113.2 on sk-dc2
0000 \n"""
NOT_FOUND = b"0001 BIRD 2.0.12 ready.\n8001 Network not found\n"


def whole(data: bytes) -> Reply:
    reply = ReplyReader().feed(data)
    assert reply is not None
    return reply


def test_sessions() -> None:
    assert parse_bfd_sessions(whole(SESSIONS)) == {"sk-dc1": True, "sk-dc2": False}


def test_next_hop() -> None:
    assert parse_next_hop(whole(ROUTE)) == "sk-dc2"
    assert whole(NOT_FOUND).code == "8001"
    assert parse_next_hop(whole(NOT_FOUND)) is None


@given(st.sampled_from([SESSIONS, ROUTE, NOT_FOUND]), st.lists(st.integers(0, 300), max_size=20))
def test_the_pieces_in_which_a_reply_arrives_do_not_matter(data: bytes, cuts: list[int]) -> None:
    reader = ReplyReader()
    borders = [0, *sorted(cut for cut in cuts if cut < len(data)), len(data)]
    replies = [reader.feed(data[start:end]) for start, end in itertools.pairwise(borders)]
    assert replies[-1] == whole(data)
    assert not any(replies[:-1])


@given(st.binary(max_size=300))
def test_any_bytes_are_a_reply_more_to_come_or_a_value_error(data: bytes) -> None:
    try:
        reply = ReplyReader().feed(data)
    except ValueError:
        return
    if reply is not None:
        parse_bfd_sessions(reply)
        parse_next_hop(reply)


@pytest.mark.parametrize("said", [b" " * 65536, b" a line of many\n" * 4096], ids=["line", "reply"])
def test_an_endless_line_or_reply_is_refused(said: bytes) -> None:
    reader = ReplyReader()
    with pytest.raises(ValueError, match="endless"):
        for _ in range(100):
            reader.feed(said)
