"""The activation code: what a person types to open an account file.

Five groups of five characters from Crockford's base32 alphabet. In each group four characters
are random (100 bits in all) and the fifth checks the group, so that a slip of the finger is told
by group, before any cryptography runs. The 25 characters, upper case and without separators,
are the password of the JWE.
"""

from __future__ import annotations

import secrets
import unicodedata

from appliance.errors import SekishoError

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
GROUPS = 5
GROUP_LENGTH = 5

_CONFUSED = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SEPARATORS = "-_.,・ーｰ−"
"""Beside spaces and every Unicode dash: what a Japanese input method leaves where "-" was meant."""
_LONGEST_INPUT = 200


def generate() -> str:
    """A new code from the system's random source, normalised (25 characters)."""
    groups = []
    for number in range(1, GROUPS + 1):
        drawn = "".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH - 1))
        groups.append(drawn + check_character(number, drawn))
    return "".join(groups)


def check_character(number: int, drawn: str) -> str:
    """The fifth character of group `number` (1 to 5), whose first four are `drawn`.

    A weighted sum over GF(2^5) (reduction polynomial x^5 + x^2 + 1, weights x^1 to x^4) plus the
    group's number. All weights differ and none is zero, so one wrong character or two exchanged ones
    are always found; the number finds exchanged groups.
    """
    total = number
    for power, character in enumerate(drawn, start=1):
        value = ALPHABET.index(character)
        for _ in range(power):
            value <<= 1
            if value & 0b100000:
                value ^= 0b100101
        total ^= value
    return ALPHABET[total]


def parse(entered: str) -> str:
    """What a person typed → the normalised code.

    Lower case, full-width characters, any spaces and dashes, O for 0, I or L for 1 are taken as meant.
    Raises `account.code-typo`, naming the group; the text never repeats what was typed.
    """
    if len(entered) > _LONGEST_INPUT:
        raise _too_long()
    marked = "".join(
        " " if character.isspace() or character in _SEPARATORS or unicodedata.category(character) == "Pd" else character
        for character in unicodedata.normalize("NFKC", entered)
    )
    words = marked.upper().translate(_CONFUSED).split()
    joined = "".join(words)
    if len(words) != GROUPS or len(joined) == GROUPS * GROUP_LENGTH:
        words = [joined[start : start + GROUP_LENGTH] for start in range(0, GROUPS * GROUP_LENGTH, GROUP_LENGTH)]
    for number, word in enumerate(words, start=1):
        if len(word) != GROUP_LENGTH:
            raise SekishoError(
                "account.code-typo",
                f"アクティベーションコードの第{number}グループが5文字ではありません。"
                f"手紙の第{number}グループを見て、入力し直してください。",
                f"Group {number} of the activation code does not have five characters: "
                f"look at group {number} in the letter and type it again.",
            )
        if not set(word) <= set(ALPHABET) or check_character(number, word[:-1]) != word[-1]:
            raise SekishoError(
                "account.code-typo",
                f"アクティベーションコードの第{number}グループに打ちまちがいがあります。"
                f"手紙の第{number}グループを見て、入力し直してください。",
                f"Group {number} of the activation code is mistyped: "
                f"look at group {number} in the letter and type it again.",
            )
    if len(joined) > GROUPS * GROUP_LENGTH:
        raise _too_long()
    return joined


def display(code: str) -> str:
    """The normalised code as it is printed: groups joined by hyphens."""
    return "-".join(groups(code))


def groups(code: str) -> list[str]:
    return [code[start : start + GROUP_LENGTH] for start in range(0, len(code), GROUP_LENGTH)]


def _too_long() -> SekishoError:
    return SekishoError(
        "account.code-typo",
        "アクティベーションコードが長すぎます。手紙のコードは、5文字ずつ5グループです。第1グループから入力し直してください。",
        "The activation code is too long: it has five groups of five characters; type it again from group 1.",
    )
