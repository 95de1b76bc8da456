"""Pure: which passwords are good enough, said in words; and how a first one is made.

Lengths: 13 characters, or 8 beside a second factor (the Japanese guideline for medical information systems). What
is measured is what nobody could have guessed from the rest: repeats, rows and common words count as one character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from appliance.access.common import is_common
from appliance.errors import SekishoError

SHORTEST = 13
SHORTEST_WITH_SECOND = 8
LONGEST = 128
UNGUESSED = 8
UNGUESSED_WITH_SECOND = 5
"""Characters that have to be left when repeats, rows and common words count as one."""

FIRST_LENGTH = 16
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""None that looks like another: a first one has 79 bits."""

_ROWS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm", "azertyuiop")
_COMMON = (
    "password", "passwd", "passw0rd", "pass", "pswd", "admin", "administrator", "root", "login", "welcome", "letmein",
    "secret", "himitsu", "kanri", "kanrisha", "changeme", "default", "guest", "user", "test", "temp", "iloveyou",
    "monkey", "dragon", "router", "sekisho", "clinic", "hospital", "byouin", "iin", "naika", "shika", "orca",
    "weborca", "receipt", "rezept", "rececom", "reception", "uketsuke", "sensei", "doctor", "nurse", "nihon", "nippon",
    "japan", "tokyo", "osaka", "kyoto", "sakura", "vendor", "manager", "パスワード", "ひみつ", "かんり", "医院", "病院",
)  # fmt: skip
_WORDS = re.compile("|".join(sorted(map(re.escape, _COMMON), key=len, reverse=True)))
_LOOKALIKES = str.maketrans("@4031!5$7", "aaoeiisst")
_YEAR = re.compile(r"(?:19|20)\d\d")


def tidy(password: str) -> str:
    """As it is compared: NFKC (RFC 8265), so that full-width letters of a Japanese keyboard are the plain ones."""
    return unicodedata.normalize("NFKC", password)


def tidy_first(password: str) -> str:
    """As a first password is compared, which people type from a label: dashes, blanks and capitals do not matter."""
    return re.sub(r"[\s-]", "", tidy(password)).lower()


def make_first(choose: Callable[[str], str]) -> str:
    """choose: one of the letters, by a source that is fit for secrets."""
    letters = "".join(choose(_LETTERS) for _ in range(FIRST_LENGTH))
    return "-".join(letters[start : start + 4] for start in range(0, FIRST_LENGTH, 4))


def refuse_poor(password: str, known: Iterable[str], second: bool) -> None:
    """known: what everybody knows who knows the clinic (log-in name, clinic id …). second: beside a second factor.

    Raises SekishoError ``access.password-*``, which does not repeat it.
    """
    text = tidy(password)
    if any(unicodedata.category(character) in ("Cc", "Cn", "Cs", "Co") for character in text):
        raise SekishoError(
            "access.password-unprintable",
            "パスワードに使えない文字が入っているので、文字・数字・記号だけで決めてください。",
            "The password has characters that cannot be typed: use letters, digits and signs.",
        )
    if len(text) > LONGEST:
        raise SekishoError(
            "access.password-long",
            f"パスワードが長すぎるので、{LONGEST} 文字までで決めてください。",
            f"The password is too long: take {LONGEST} characters at most.",
        )
    shortest = SHORTEST_WITH_SECOND if second else SHORTEST
    if len(text) < shortest:
        more = shortest - len(text)
        raise SekishoError(
            "access.password-short",
            f"パスワードは {shortest} 文字以上です。あと {more} 文字足してください。"
            + ("" if second else f"（2 段階認証を登録すると {SHORTEST_WITH_SECOND} 文字以上で使えます。）"),
            f"A password has {shortest} characters or more: add {more}."
            + ("" if second else f" (With a second factor {SHORTEST_WITH_SECOND} are enough.)"),
        )
    folded = text.casefold()
    for word in sorted(tidy(word).casefold() for word in known if len(word) >= 3):
        if word in folded:
            raise SekishoError(
                "access.password-known",
                f"パスワードにログイン名や医院の番号（{word}）が入っていて推測されやすいので、入れずに決めてください。",
                f"The password holds a name or number that others know ({word}): leave it out.",
            )
    wanted = UNGUESSED_WITH_SECOND if second else UNGUESSED
    if unguessed(folded) < wanted:
        raise SekishoError(
            "access.password-guessable",
            "同じ文字のくり返し、並び（123・abc・qwerty など）、よく使われる言葉がほとんどで推測されやすいので、"
            "関係のない言葉をいくつか並べるなどして決めてください。",
            "The password is mostly repeats, rows (123, abc, qwerty) or common words, and easily guessed: take, for "
            "example, a few words that have nothing to do with each other.",
        )
    if is_common(folded):
        raise SekishoError(
            "access.password-common",
            "世界でよく使われるパスワードの一覧にあり、最初に試されるものなので、関係のない言葉をいくつか並べるなどして"
            "決めてください。",
            "The password is on the list of the commonest ones, which are tried first: take, for example, a few words "
            "that have nothing to do with each other.",
        )


def unguessed(folded: str) -> int:
    """How many characters do not follow from those before them. folded: in small letters."""
    text = folded
    # From the end, so that the places before stay as they were.
    for word in reversed([*_WORDS.finditer(folded.translate(_LOOKALIKES))]):
        text = text[: word.start()] + "\0" + text[word.end() :]
    text = _YEAR.sub("\0", text)
    return min(sum(not _follows(text, place) for place in range(len(text))), len(set(text)))


def _follows(text: str, place: int) -> bool:
    """As a repeat of what stood before, or as the next in a row, forwards or backwards."""
    if place == 0:
        return False
    pair = text[place - 1] + text[place]
    if pair[0] == pair[1] or any(pair in row or pair in row[::-1] for row in _ROWS):
        return True
    # Part of a block of three or more that has been there already ("abcabc" is as good as "abc").
    return any(
        text[start : start + 3] in text[:start] for start in range(max(0, place - 2), min(place, len(text) - 3) + 1)
    )
