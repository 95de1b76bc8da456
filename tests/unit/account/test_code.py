"""The activation code: what a person may type, and which slip is told in which words."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.account import code
from appliance.errors import SekishoError

DRAWN = st.text(code.ALPHABET, min_size=4, max_size=4)
CODES = st.lists(DRAWN, min_size=5, max_size=5).map(
    lambda parts: "".join(part + code.check_character(number, part) for number, part in enumerate(parts, 1))
)
FULL_WIDTH = {character: chr(ord(character) + 0xFEE0) for character in code.ALPHABET}


def refusal(entered: str) -> SekishoError:
    with pytest.raises(SekishoError) as caught:
        code.parse(entered)
    assert caught.value.code == "account.code-typo"
    return caught.value


def test_generated_codes_differ_and_parse() -> None:
    codes = {code.generate() for _ in range(100)}
    assert len(codes) == 100
    for generated in codes:
        assert len(generated) == 25
        assert code.parse(code.display(generated)) == generated


@given(CODES, st.data())
def test_what_a_person_means_is_understood(normalised: str, data: st.DataObject) -> None:
    entered = ""
    for position, character in enumerate(normalised):
        forms = [character, character.lower(), FULL_WIDTH[character], FULL_WIDTH[character].lower()]
        forms += {"0": ["O", "o", "Ｏ"], "1": ["I", "l", "L", "ｌ"]}.get(character, [])
        entered += data.draw(st.sampled_from(forms))
        if position % 5 == 4:
            entered += data.draw(st.sampled_from(["", "-", " - ", "　", "ー", "−", "—", "\t", ".", "‐", "－", "ｰ"]))
    assert code.parse(entered) == normalised
    assert code.parse(f"  {entered}\r\n") == normalised


@given(CODES, st.integers(0, 24), st.integers(1, 31))
def test_one_wrong_character_is_told_by_its_group(normalised: str, position: int, shift: int) -> None:
    index = (code.ALPHABET.index(normalised[position]) + shift) % 32
    wrong = normalised[:position] + code.ALPHABET[index] + normalised[position + 1 :]
    told = refusal(code.display(wrong))
    group = position // 5 + 1
    assert f"第{group}グループ" in told.text.ja
    assert told.text.en.startswith(f"Group {group} ")


@given(CODES, st.integers(0, 4), st.integers(0, 3), st.integers(1, 4))
def test_two_characters_exchanged_in_a_group_are_found(normalised: str, group: int, first: int, apart: int) -> None:
    characters = list(normalised)
    left = group * 5 + first
    right = group * 5 + min(4, first + apart)
    characters[left], characters[right] = characters[right], characters[left]
    entered = "".join(characters)
    if entered == normalised:
        assert code.parse(entered) == normalised
    else:
        assert f"第{group + 1}グループ" in refusal(entered).text.ja


@given(CODES, st.permutations(range(5)))
def test_groups_in_another_order_are_found(normalised: str, order: list[int]) -> None:
    parts = code.groups(normalised)
    entered = "-".join(parts[place] for place in order)
    if order == sorted(order):
        assert code.parse(entered) == normalised
    else:
        first_wrong = next(place for place, group in enumerate(order) if place != group) + 1
        assert f"第{first_wrong}グループ" in refusal(entered).text.ja


@given(CODES, st.integers(1, 5), st.integers(0, 4))
def test_a_character_left_out_is_told_by_its_group(normalised: str, group: int, place: int) -> None:
    parts = code.groups(normalised)
    parts[group - 1] = parts[group - 1][:place] + parts[group - 1][place + 1 :]
    told = refusal("-".join(parts))
    assert f"第{group}グループが5文字ではありません" in told.text.ja


def test_too_many_characters_are_told() -> None:
    assert "長すぎます" in refusal(code.generate() + "0").text.ja
    assert "長すぎます" in refusal("0" * 100_000).text.ja


def test_nothing_entered_is_told_as_the_first_group() -> None:
    assert "第1グループ" in refusal("").text.ja


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_without_being_repeated(entered: str) -> None:
    try:
        parsed = code.parse(entered)
    except SekishoError as refused:
        assert refused.code == "account.code-typo"
        compact = unicodedata.normalize("NFKC", entered).upper()
        if len(compact) > 8:
            assert compact not in str(refused).upper()
            assert compact not in refused.text.ja.upper()
    else:
        assert set(parsed) <= set(code.ALPHABET)
        assert len(parsed) == 25
