"""Differences are shown, secrets are not."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.site.difference import unified

NAMES = ("version 1", "version 2")


def test_a_plain_change() -> None:
    assert unified('a = 1\nname = "x"\n', 'a = 1\nname = "y"\n', NAMES) == [
        "--- version 1",
        "+++ version 2",
        "@@ -1,2 +1,2 @@",
        " a = 1",
        '-name = "x"',
        '+name = "y"',
    ]
    assert unified("a = 1\r\n", "\ufeffa = 1\n", NAMES) == []


@pytest.mark.parametrize(
    "spelling",
    [
        'password = "SECRET"',
        "password='SECRET'",
        '"password" = "SECRET"',
        'x = { user = "u", password = "SECRET" }',
        'password = """\nSECRET"""',
        "password = '''SECRET'''",
        '# password = "SECRET"',
        'wan.pppoe-password = "SECRET"',
        "wan.\"password\" = 'SECRET'",
    ],
)
def test_a_secret_is_never_shown(spelling: str) -> None:
    before, after = spelling.replace("SECRET", "old-s3cret"), spelling.replace("SECRET", "new-s3cret")
    for pair in ((before, after), ("a = 1", after), (before, "a = 1")):
        shown = "\n".join(unified(*pair, NAMES))
        assert "s3cret" not in shown
        assert "***" in shown
    assert "(changed)" in "\n".join(unified(before, after, NAMES))
    assert unified(before, before, NAMES) == []


# Without small letters: "version" or "changed" may well be shown.
_STRANGE = st.characters(codec="utf-8", exclude_categories=["Ll"], exclude_characters='"*\n\r-+@ ,.:()[]{}=_')


@given(st.text(_STRANGE, min_size=6))
def test_no_secret_at_all(secret: str) -> None:
    line = f"[wan]\npassword = {json.dumps(secret, ensure_ascii=False)}\nuser = 'u'\n"
    assert secret not in "\n".join(unified("[wan]\nuser = 'u'\n", line, NAMES))
