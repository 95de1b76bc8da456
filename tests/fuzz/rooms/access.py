"""What somebody types for a password, and what a browser says that a security key has answered."""

from __future__ import annotations

import base64
import json
from contextlib import suppress

from appliance.access import keys, totp
from appliance.access.passwords import LONGEST, SHORTEST, refuse_poor, tidy
from appliance.errors import SekishoError
from tests.fuzz.target import target

_ORIGIN = "https://sekisho.lan"
_CHALLENGE = base64.urlsafe_b64encode(b"challenge").decode()
_PUBLIC = base64.urlsafe_b64encode(b"no key").decode()
_SECRET = base64.b32encode(b"12345678901234567890").decode()


@target(longest=400, words=("password", "sekisho", "2026", "abc", "qwerty"))
def password(data: bytes) -> None:
    """What is taken is long enough; what is not is told in words that do not repeat it."""
    typed = data.decode(errors="replace")
    try:
        refuse_poor(typed, ["vendor", "c0001"], False)
    except SekishoError as refused:
        assert len(typed) < SHORTEST or typed not in refused.text.ja + refused.text.en
    else:
        assert SHORTEST <= len(tidy(typed)) <= LONGEST


@target(longest=4096, words=('"id"', '"rawId"', '"type":"public-key"', '"response"', '"clientDataJSON"', '"signature"'))
def key(data: bytes) -> None:
    """No answer proves anything to a challenge that no key has seen."""
    with suppress(ValueError, RecursionError):
        answer = json.loads(data)
        if isinstance(answer, dict):
            assert keys.proven(answer, _CHALLENGE, _ORIGIN, _PUBLIC, 0) is None
            with suppress(SekishoError):
                keys.added(answer, _CHALLENGE, _ORIGIN)
                raise AssertionError("a key was added")


@target(longest=64, words=("081804",))
def code(data: bytes) -> None:
    """A code is six digits, and of the present."""
    step = totp.accepted(_SECRET, data.decode(errors="replace"), 1111111109, 0)
    assert step in (None, 37037035, 37037036, 37037037, 37037038)
