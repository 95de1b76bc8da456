"""Each test that docs/asvs.md names is there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`((?:unit|browser|scenarios)/[\w/]+\.py)::(\w+)`")


def test_what_is_named_exists() -> None:
    named = NAMED.findall((TESTS.parent / "docs" / "asvs.md").read_text())
    assert len(named) > 60
    for file, name in named:
        assert re.search(rf"^(?:def {name}\(|{name} = )", (TESTS / file).read_text(), re.MULTILINE), f"{file}::{name}"
