"""The beginning of a PostgreSQL connection, byte by byte."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from appliance.gate import postgres
from appliance.gate.postgres import Word, first_word, objection
from appliance.gate.reasons import Reason


def test_the_words_are_those_of_the_protocol() -> None:
    assert Word.TLS.value == bytes.fromhex("0000000804d2162f")
    assert Word.GSS.value == bytes.fromhex("0000000804d21630")


@given(st.binary(max_size=8))
def test_any_beginning_is_a_word_or_needs_more(data: bytes) -> None:
    word = first_word(data)
    if len(data) < 8:
        assert word is None
    else:
        assert word in (Word.TLS, Word.GSS, Word.OTHER)
        assert (word is Word.OTHER) == (data not in (Word.TLS.value, Word.GSS.value))


@given(st.binary(max_size=2))
def test_nothing_but_a_yes_alone_leads_to_tls(answer: bytes) -> None:
    expected = None if answer == b"S" else Reason.NOT_ENCRYPTED if answer else Reason.CONNECTION_CLOSED
    assert objection(answer) is expected


def test_a_refusal_is_an_error_response_that_clients_show() -> None:
    said = postgres.refusal("だめです / no")
    kind, length = said[:1], struct.unpack("!I", said[1:5])[0]
    assert kind == b"E" and length == len(said) - 1
    fields = said[5:].removesuffix(b"\0\0").split(b"\0")
    assert [field[:1] for field in fields] == [b"S", b"V", b"C", b"M"]
    assert fields[3] == "Mだめです / no".encode()
