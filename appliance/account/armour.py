"""The account file around its JWE: lines of text with a checksum.

The checksum is no protection against a forger (the JWE's tag and the JWS's signature are). It tells
an honest mishap, a file damaged or cut off on its way, apart from a wrong activation code: to AES key
unwrapping those two look the same.
"""

from __future__ import annotations

import hashlib
import re

from appliance.errors import SekishoError

MAX_FILE = 1024 * 1024
"""Bytes. A real account has some 10 to 40 KiB."""
BEGIN = "-----BEGIN SEKISHO ACCOUNT-----"
END = "-----END SEKISHO ACCOUNT-----"

_LINE = 64
_WHOLE = re.compile(rf"{BEGIN}\n((?:[A-Za-z0-9_.-]{{1,{_LINE}}}\n)+)sha256:([0-9a-f]{{64}})\n{END}\n")
_BODY = re.compile(rf"(?:[A-Za-z0-9_.-]{{1,{_LINE}}}\n)*")
_CUT_IN_BODY = re.compile(rf"[A-Za-z0-9_.-]{{0,{_LINE}}}|sha256:[0-9a-f]{{0,64}}")
_CHECKSUM_LINE = re.compile(r"sha256:[0-9a-f]{64}\n")


def wrap(token: str) -> bytes:
    """A JWE compact token → the account file."""
    lines = [token[start : start + _LINE] for start in range(0, len(token), _LINE)]
    return "\n".join([BEGIN, *lines, f"sha256:{_checksum(token)}", END, ""]).encode("ascii")


def unwrap(data: bytes) -> str:
    """The account file → its JWE compact token. CR LF line ends, as mail programs make them, are accepted.

    Raises `account.too-large`, `account.truncated`, `account.tampered`, `account.not-an-account`.
    """
    if len(data) > MAX_FILE:
        raise SekishoError(
            "account.too-large",
            "このファイルは大きすぎて、接続アカウントではありません。データセンターから届いたファイルを選んでください。",
            "This file is too large to be a connection account: choose the file that came from the data center.",
        )
    text = data.replace(b"\r\n", b"\n").decode("ascii", errors="replace")
    whole = _WHOLE.fullmatch(text)
    if whole is None:
        raise _refusal(text)
    token = whole[1].replace("\n", "")
    if _checksum(token) != whole[2]:
        raise _damaged()
    return token


def _checksum(token: str) -> str:
    return hashlib.sha256(token.encode("ascii")).hexdigest()


def _refusal(text: str) -> SekishoError:
    begin = BEGIN + "\n"
    text = text.removesuffix("\r")
    if begin.startswith(text):
        return _cut_off()
    if not text.startswith(begin):
        return SekishoError(
            "account.not-an-account",
            "このファイルは接続アカウントではないか、先頭が壊れています。データセンターから届いたファイルを選んでください。",
            "This file is not a connection account, or its beginning is damaged: "
            "choose the file that came from the data center.",
        )
    body = _BODY.match(text, len(begin))
    rest = text[body.end() if body else len(begin) :]
    checksum = _CHECKSUM_LINE.match(rest)
    if _CUT_IN_BODY.fullmatch(rest) or (checksum and (END + "\n").startswith(rest[checksum.end() :])):
        return _cut_off()
    return _damaged()


def _cut_off() -> SekishoError:
    return SekishoError(
        "account.truncated",
        "接続アカウントのファイルが途中で切れています。もう一度コピーするか、データセンターから受け取り直してください。",
        "The account file is cut off: copy it again, or get it again from the data center.",
    )


def _damaged() -> SekishoError:
    return SekishoError(
        "account.tampered",
        "接続アカウントのファイルが壊れているか、書き換えられています。もう一度コピーするか、データセンターから受け取り直してください。",
        "The account file is damaged or was altered: copy it again, or get it again from the data center.",
    )
