"""The settings, as people save them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from appliance.account import structure
from appliance.errors import SekishoError
from appliance.intent.compile import compile as compile_intent
from appliance.site import difference, load
from tests.fuzz.target import target

_TREE = Path(__file__).parents[3]
_ACCOUNT = structure.from_json((_TREE / "tests/unit/account/vectors/example-account.json").read_bytes())
_EXAMPLE = (_TREE / "docs" / "site.example.toml").read_text()
_SCRATCH = TemporaryDirectory()


@target(longest=8192, words=("[[", "]]", "[wan]", "[lan]", "[[terminals]]", '"""', "'''", "\\u", "1979-05-27"))
def settings(data: bytes) -> None:
    """From the file to the rules."""
    path = Path(_SCRATCH.name) / "site.toml"
    path.write_bytes(data)
    with suppress(SekishoError):
        compile_intent(_ACCOUNT, load.load(path))


@target(longest=8192, words=("password", "secret", '"""', "'''", "\\u", " = "))
def shown(data: bytes) -> None:
    """Two versions beside each other, without what is secret in them."""
    text = data.decode(errors="replace")
    lines = difference.unified(_EXAMPLE, text, ("before", "after"))
    with suppress(ValueError, RecursionError):
        secrets = difference._secrets(text)
        assert not any(secret in line for secret in secrets if len(secret) >= 8 for line in lines)
