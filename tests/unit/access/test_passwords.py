"""Which passwords are taken, and what is said about the others."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.access.passwords import (
    FIRST_LENGTH,
    SHORTEST,
    SHORTEST_WITH_SECOND,
    make_first,
    refuse_poor,
    tidy,
    tidy_first,
    unguessed,
)
from appliance.errors import SekishoError

KNOWN = ("sato", "c0001", "れんげ内科医院", "Renge Clinic")
GOOD = "kaminari-yane-tokei"


def verdict(password: str, second: bool = False) -> str:
    try:
        refuse_poor(password, KNOWN, second)
    except SekishoError as refused:
        # A digit or a word that the sentence needs anyway is no password told.
        assert len(password) < 6 or password not in refused.text.ja + refused.text.en + str(refused)
        return refused.code.removeprefix("access.password-")
    return "good"


@pytest.mark.parametrize(
    ("password", "said"),
    [
        (GOOD, "good"),
        ("correct horse staple", "good"),
        ("x7Kq9vTz2LmWp", "good"),
        ("あおぞらとみかんとけいろ青", "good"),
        ("x7Kq9vTz2LmW", "short"),
        ("", "short"),
        ("1234567890123", "guessable"),
        ("9876543210987", "guessable"),
        ("aaaaaaaaaaaaaaaaaaaaaaa", "guessable"),
        ("abcabcabcabcabc", "guessable"),
        ("x7Kqx7Kqx7Kqx7Kq", "guessable"),
        ("qwertyuiopasdfgh", "guessable"),
        ("password12345", "guessable"),
        ("P@ssw0rd2026!!", "guessable"),
        ("Admin-Admin-Admin", "guessable"),
        ("tokyo-osaka-kyoto", "guessable"),
        ("ＰＡＳＳＷＯＲＤ１２３４５", "guessable"),
        ("sekisho-clinic-2026", "guessable"),
        ("1qaz2wsx3edc4rfv", "common"),
        ("ＱＡＺＷＳＸＥＤＣＲＦＶＴＧＢ", "common"),
        ("kaminari-SATO-tokei", "known"),
        ("kaminari-c0001-yane", "known"),
        ("れんげ内科医院のとけいとやね", "known"),
        ("x" * 129, "long"),
        ("kaminari\nyane-tokei", "unprintable"),
        ("kaminari\0yane-tokei", "unprintable"),
    ],
)
def test_verdicts(password: str, said: str) -> None:
    assert verdict(password) == said


@pytest.mark.parametrize(
    ("password", "said"),
    [
        ("x7Kq9vTz", "good"),
        ("x7Kq9vT", "short"),
        ("aaaabbbb", "guessable"),
        ("12345678", "guessable"),
        ("sunshine", "common"),
        ("Trustno1", "common"),
    ],
)
def test_beside_a_second_factor_eight_are_enough(password: str, said: str) -> None:
    assert verdict(password, second=True) == said
    assert verdict(password) == "short"


def test_how_many_are_missing_is_said() -> None:
    with pytest.raises(SekishoError) as refused:
        refuse_poor("x7Kq9vTz2L", KNOWN, False)
    assert "あと 3 文字" in refused.value.text.ja
    assert "2 段階認証" in refused.value.text.ja


@given(st.text(max_size=150), st.booleans())
def test_whatever_is_taken_is_long_and_not_guessable(password: str, second: bool) -> None:
    if verdict(password, second) == "good":
        assert len(tidy(password)) >= (SHORTEST_WITH_SECOND if second else SHORTEST)
        assert not any(word.casefold() in tidy(password).casefold() for word in KNOWN)


@given(st.text("abcdefgh0123456789@!", min_size=1, max_size=6), st.integers(2, 30))
def test_to_repeat_it_makes_nothing_better(block: str, times: int) -> None:
    assert unguessed(block * times) <= len(block) + 2


@given(st.text(max_size=80))
def test_measuring_never_fails_and_never_exceeds_the_length(text: str) -> None:
    assert 0 <= unguessed(text) <= len(text)


def test_full_width_letters_are_the_plain_ones() -> None:
    assert tidy("ｋａｍｉｎａｒｉ－１") == tidy("kaminari-1") == "kaminari-1"


@given(st.randoms(use_true_random=False))
def test_a_first_password_can_be_typed_from_a_label(chance: random.Random) -> None:
    first = make_first(chance.choice)
    assert len(first.replace("-", "")) == FIRST_LENGTH
    assert not set(first) & set("0O1lIo5S") - {"5"}
    for typed in (first, first.upper(), first.replace("-", ""), first.replace("-", " "), f" {first} "):
        assert tidy_first(typed) == first.replace("-", "")
