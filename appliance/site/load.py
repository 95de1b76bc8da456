"""From the text of site.toml to a checked `Site`, or to sentences that a vendor can act on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from appliance import paths
from appliance.errors import SekishoError
from appliance.site import keys, locate
from appliance.site.checks import KIND, Key, Problem
from appliance.site.model import Site
from appliance.text import Text

MAX_BYTES = 256 * 1024
"""Hundreds of terminals fit many times over; more is not a settings file."""


class SiteError(SekishoError):
    """The settings are refused. errors: every problem found, one sentence each; `text`: the first."""

    def __init__(self, errors: Sequence[Text]) -> None:
        first, others = errors[0], len(errors) - 1
        ja, en = first.ja, first.en
        if others:
            ja += f"（ほかに {others} 件あります）"
            en += f" ({others} more)"
        super().__init__("site.invalid", ja, en)
        self.errors = tuple(errors)


def load(path: Path = paths.SITE) -> Site:
    """Read and check the settings file. Raises SekishoError; SiteError when the content is refused."""
    return parse(read(path))


def read(path: Path = paths.SITE) -> str:
    """The text of a settings file as people save it (UTF-8, with or without a byte order mark)."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise SekishoError(
            "site.missing",
            f"設定ファイル {path} がありませんので、docs/site.example.toml を手本にして作ってください。",
            f"there is no settings file {path}; write one after the model of docs/site.example.toml.",
        ) from None
    except OSError as error:
        raise SekishoError(
            "site.unreadable",
            f"設定ファイル {path} を読めません（{error.strerror}）ので、場所と読み取り権限を確かめてください。",
            f"the settings file {path} cannot be read ({error.strerror}); check its place and permissions.",
        ) from None
    if len(raw) > MAX_BYTES:
        raise SekishoError(
            "site.too-large",
            f"{path} は {MAX_BYTES // 1024} KiB を超えていて設定ファイルとは思えませんので、"
            "正しいファイルか確かめてください。",
            f"{path} is larger than {MAX_BYTES // 1024} KiB and so no settings file; check that it is the right file.",
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        guess = _probable_encoding(raw)
        raise SekishoError(
            "site.encoding",
            f"{path} の {line} 行目が UTF-8 ではありません（{guess.ja}）ので、"
            "メモ帳の「名前を付けて保存」で文字コード「UTF-8」を選んで保存し直してください。",
            f"line {line} of {path} is not UTF-8 ({guess.en}); save it again, choosing the encoding UTF-8.",
        ) from None


def parse(text: str) -> Site:
    """Check the text of a settings file.

    Raises SiteError with every problem of the first stage that fails: TOML, then each value,
    then the values against each other.
    """
    text = text.removeprefix("\ufeff")
    found = document(text)
    try:
        return Site.model_validate(found)
    except ValidationError as error:
        lines = _lines(text)
        sentences = [_placed(problem, lines) for problem in _problems(error, found)]
        raise SiteError([sentence for _, sentence in sorted(sentences, key=lambda pair: pair[0])]) from None


def document(text: str) -> dict[str, Any]:
    """The values of a settings file, whatever they are. Raises SiteError when it is no TOML."""
    text = text.removeprefix("\ufeff")
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SiteError([_syntax(text, str(error))]) from None
    except (ValueError, RecursionError):
        # Numbers of thousands of digits and thousands of nested brackets: no vendor wrote that.
        raise SiteError(
            [
                Text(
                    "設定ファイルに長すぎる数か深すぎる括弧がありますので、"
                    "docs/site.example.toml を手本に書き直してください。",
                    "the settings hold a number too long or brackets too deep; "
                    "write them again after docs/site.example.toml.",
                )
            ]
        ) from None


def problems(document: dict[str, Any]) -> list[Problem]:
    """Everything that is wrong with the values of settings, each with its whole key; none: they can be used."""
    try:
        Site.model_validate(document)
    except ValidationError as error:
        return _problems(error, document)
    return []


def _problems(error: ValidationError, document: dict[str, Any]) -> list[Problem]:
    return [problem for detail in error.errors() for problem in _sentences(detail, document)]


def _lines(text: str) -> Mapping[Key, int]:
    try:
        return locate.lines_of(text)
    except (ValueError, RecursionError):
        # The sentences name the key as well: better without a line than with no sentence.
        return {}


def _sentences(detail: ErrorDetails, document: dict[str, Any]) -> list[Problem]:
    key = _key(detail["loc"], document)
    value = detail["input"]
    match detail["type"]:
        case kind if kind == KIND:
            return [Problem((*key, *problem.key), problem.text) for problem in detail["ctx"]["problems"]]
        case "missing":
            return [_missing(key)]
        case "union_tag_not_found" | "union_tag_invalid":
            kind_key = (*key, "kind")
            return [_unusable(kind_key, value["kind"]) if "kind" in value else _missing(kind_key)]
        case "extra_forbidden":
            return [_unknown(key)]
        case _:
            return [_unusable(key, value)]


def _key(location: tuple[int | str, ...], document: dict[str, Any]) -> Key:
    """pydantic puts the chosen kind of a union between the line and the key; the file does not."""
    if location[:1] in (("wan",), ("backup_wan",)) and len(location) > 1:
        return (location[0], *location[2:])
    return location


def _missing(key: Key) -> Problem:
    expected = keys.EXPECTED[keys.pattern_of(key)]
    return Problem(
        key,
        Text(f"書かれていませんので、{expected.ja} を書いてください。", f"it is missing; write {expected.en}."),
    )


def _unusable(key: Key, value: object) -> Problem:
    expected = keys.EXPECTED[keys.pattern_of(key)]
    shown = keys.shown(value)
    return Problem(
        key,
        Text(
            f"{shown} は使えませんので、{expected.ja} を書いてください。",
            f"{shown} cannot be used; write {expected.en}.",
        ),
    )


def _unknown(key: Key) -> Problem:
    if kind := keys.ONLY_OF.get(keys.pattern_of(key)):
        return Problem(
            key,
            Text(
                f'{key[0]}.kind が "{kind}" のときだけ使う設定ですので、kind を直すかこの行を消してください。',
                f'it is used only when {key[0]}.kind is "{kind}"; change the kind or delete this line.',
            ),
        )
    if key[0] in ("wan", "backup_wan") and key[1:] == ("password",):
        return Problem(
            key,
            Text(
                f"パスワードはこのファイルには書きませんので、この行を消して「sekisho line password {key[0]}」で"
                "入力してください。",
                f"the password does not belong in this file: delete this line and type it into "
                f"`sekisho line password {key[0]}`.",
            ),
        )
    if meant := keys.nearest(key):
        whole = keys.written((*key[:-1], meant))
        text = Text(
            f"そのような設定はありませんので、{whole} の書き間違いなら直し、そうでなければ消してください。",
            f"there is no such setting; did you mean {whole}? Correct it or delete it.",
        )
    else:
        known = ", ".join(keys.siblings(key))
        text = Text(
            f"そのような設定はありませんので、消すか、使える名前（{known}）に直してください。",
            f"there is no such setting; delete it or use one of the known names ({known}).",
        )
    return Problem(key, text)


def _placed(problem: Problem, lines: Mapping[Key, int]) -> tuple[int, Text]:
    """The problem's line (0 when it has none), and its sentence with the key before it."""
    name, line, text = keys.written(problem.key), _line(problem.key, lines), problem.text
    if not line:
        return line, Text(f"{name}: {text.ja}", f"{name}: {text.en}")
    if problem.key in lines:
        return line, Text(f"{name}（{line} 行目）: {text.ja}", f"{name} (line {line}): {text.en}")
    return line, Text(
        f"{name}（{line} 行目から始まる部分）: {text.ja}", f"{name} (in the part that starts at line {line}): {text.en}"
    )


def _line(key: Key, lines: Mapping[Key, int]) -> int:
    """Of the key, or of the nearest part around it that is written in the file; 0 for none."""
    while key:
        if key in lines:
            return lines[key]
        key = key[:-1]
    return 0


_POSITION = re.compile(r"\s*\(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
_WIDE = re.compile(r"[\uff01-\uff5e\u3000\u201c\u201d\u2018\u2019]")
_QUOTED_OR_COMMENT = re.compile(r'"[^"]*"|\'[^\']*\'|#.*')
_SYNTAX_JA = (
    ("overwrite", "同じ設定が二度書かれています"),
    ("twice", "同じ設定が二度書かれています"),
    ("uplicate", "同じ設定が二度書かれています"),
    ("namespace", "同じ設定が二度書かれています"),
    ("Expected '='", "名前と値の間の = がありません"),
    ("newline", "値の後ろに余分な文字があります"),
    ("Invalid value", '値の書き方が正しくありません（文字は " で囲みます）'),
    ("nterminated", '閉じる " がありません'),
    ("Illegal character '\\n'", '閉じる " がありません'),
    ("nclosed", "閉じる括弧がありません"),
    ("]", "閉じる ] がありません"),
)
"""What the standard parser's messages are about; an unknown one gets the general words."""


def _syntax(text: str, message: str) -> Text:
    position = _POSITION.search(message)
    lines = re.split(r"\r?\n", text)
    line = int(position["line"]) if position and position["line"] else len(lines)
    column = int(position["column"]) if position and position["column"] else len(lines[line - 1]) + 1
    if wide := _WIDE.search(_QUOTED_OR_COMMENT.sub("", lines[line - 1])):
        character = "空白" if wide.group() == "\u3000" else wide.group()
        return Text(
            f"{line} 行目に全角の文字（{character}）がありますので、半角で書き直してください。",
            f"line {line} holds a full-width character ({wide.group()!r}); write it in half width.",
        )
    what = message[: position.start()] if position else message
    what_ja = next((ja for part, ja in _SYNTAX_JA if part in what), "書き方が正しくありません")
    return Text(
        f"{line} 行目の {column} 文字目で{what_ja}ので、その行を直してください。",
        f"line {line}, column {column}: {what[:1].lower()}{what[1:]}; correct that line.",
    )


def _probable_encoding(raw: bytes) -> Text:
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Text("UTF-16 のようです", "it looks like UTF-16")
    try:
        raw.decode("cp932")
    except UnicodeDecodeError:
        return Text("文字コードがわかりません", "the encoding is not known")
    return Text("Shift_JIS のようです", "it looks like Shift_JIS")
