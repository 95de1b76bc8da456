"""The two kinds of documents that a data center's desk signs, and how refusals call them."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.text import Text


@dataclass(frozen=True, slots=True)
class Kind:
    """type: the JWS header's ``typ``. code: what the codes of its refusals begin with. noun: as in a sentence."""

    type: str
    code: str
    noun: Text


LARGEST = 1 << 20
"""Bytes of a trust list, signed."""
ACCOUNT = Kind("sekisho-account+jws", "account", Text("接続アカウント", "account"))
TRUST = Kind("sekisho-trust+jws", "trust", Text("信頼リスト", "trust list"))
