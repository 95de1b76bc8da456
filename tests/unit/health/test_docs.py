"""The vendor's guide knows every code that staff may read to it on the telephone."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.health.causes import CAUSES
from appliance.health.model import State

GUIDE = (Path(__file__).parents[3] / "docs" / "vendor.ja.md").read_text()


@pytest.mark.parametrize("code", [code for code, cause in CAUSES.items() if cause.state is not State.OK])
def test_the_vendor_finds_the_code(code: str) -> None:
    assert f"`{code}`" in GUIDE
