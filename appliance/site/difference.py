"""How two settings files differ, in lines that may be shown: pure."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Iterator

_SECRET = re.compile(
    r"""(?P<key>["']?\b(?:[\w-]*password|[\w-]*secret)["']?\s*=\s*)"""
    r'''(?P<value>"""(?:[^\\]|\\.)*?"{3,5}|\'{3}.*?\'{3,5}|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')''',
    re.DOTALL | re.IGNORECASE,
)
"""A key of docs/site.md that holds a secret, commented out or not, with its value in any spelling of TOML."""
_SECRET_KEY = re.compile(r"(?:password|secret)$", re.IGNORECASE)
HIDDEN = '"***"'
HIDDEN_CHANGED = '"*** (changed)"'


def unified(before: str, after: str, names: tuple[str, str]) -> list[str]:
    """diff -u, without the secrets: of one that changed only that it did. names: of the two versions."""
    old, new = (text.replace("\r\n", "\n").removeprefix("\ufeff") for text in (before, after))
    former = {found["value"] for found in _SECRET.finditer(old)}
    lines = difflib.unified_diff(
        _redacted(old, former).splitlines(), _redacted(new, former).splitlines(), *names, lineterm="", n=2
    )
    return list(lines)


def _redacted(text: str, former: set[str]) -> str:
    def hidden(found: re.Match[str]) -> str:
        return found["key"] + (HIDDEN if found["value"] in former else HIDDEN_CHANGED)

    clean = _SECRET.sub(hidden, text)
    # Whatever spelling the pattern did not foresee: a line that still shows a secret is not shown.
    secrets = {secret for secret in _secrets(text) if secret in clean}
    return "\n".join('"***"' if any(secret in line for secret in secrets) else line for line in clean.split("\n"))


def _secrets(text: str) -> Iterator[str]:
    try:
        yield from _values_of_secrets(tomllib.loads(text))
    except tomllib.TOMLDecodeError:
        return


def _values_of_secrets(value: object) -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                if isinstance(inner, str) and _SECRET_KEY.search(key):
                    yield from (line for line in inner.splitlines() if line)
                else:
                    yield from _values_of_secrets(inner)
        case list():
            for inner in value:
                yield from _values_of_secrets(inner)
