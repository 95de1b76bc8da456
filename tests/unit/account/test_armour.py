"""The text around the JWE: what happens to a file between the desk and the router."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.account import armour
from appliance.errors import SekishoError

TOKENS = st.text("ABCabc019-_.", min_size=1, max_size=300)


def refusal(data: bytes) -> str:
    with pytest.raises(SekishoError) as caught:
        armour.unwrap(data)
    return caught.value.code


@given(TOKENS)
def test_round_trip(token: str) -> None:
    assert armour.unwrap(armour.wrap(token)) == token


@given(TOKENS)
def test_line_ends_of_mail_programs_are_accepted(token: str) -> None:
    assert armour.unwrap(armour.wrap(token).replace(b"\n", b"\r\n")) == token


@given(TOKENS, st.data())
def test_cut_anywhere_is_called_cut(token: str, data: st.DataObject) -> None:
    whole = armour.wrap(token)
    if data.draw(st.booleans()):
        whole = whole.replace(b"\n", b"\r\n")
    length = data.draw(st.integers(0, len(whole) - 1))
    assert refusal(whole[:length]) == "account.truncated"


@given(TOKENS, st.data())
def test_any_changed_byte_is_refused(token: str, data: st.DataObject) -> None:
    whole = bytearray(armour.wrap(token))
    position = data.draw(st.integers(0, len(whole) - 1))
    whole[position] ^= data.draw(st.integers(1, 255))
    assert refusal(bytes(whole)) in {"account.tampered", "account.not-an-account", "account.truncated"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "account.truncated"),
        (b"%PDF-1.7\n", "account.not-an-account"),
        ("医院".encode(), "account.not-an-account"),
        (b"\xef\xbb\xbf" + armour.wrap("abc"), "account.not-an-account"),
        (armour.wrap("abc") + b"\0" * 512, "account.tampered"),
        (armour.wrap("abc").replace(b"abc", b"a c"), "account.tampered"),
        (armour.wrap("abc" * 30).replace(b"\n", b"\n\n", 1), "account.tampered"),
        (b"x" * (armour.MAX_FILE + 1), "account.too-large"),
    ],
)
def test_other_mishaps(data: bytes, code: str) -> None:
    assert refusal(data) == code
