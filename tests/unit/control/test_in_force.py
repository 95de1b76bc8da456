"""What was applied last survives, whole, or is refused in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from appliance.control import in_force
from appliance.control.in_force import InForce
from appliance.errors import SekishoError


def test_nothing_is_in_force_before_the_first_apply(tmp_path: Path) -> None:
    assert in_force.read(tmp_path / "in-force.json") is None


def test_what_was_applied_comes_back_as_it_was(tmp_path: Path) -> None:
    applied = InForce('{"sealed": "…"}', '# 院内\nlanguage = "ja"\n')
    file = tmp_path / "state" / "in-force.json"
    in_force.write(applied, file)
    assert in_force.read(file) == applied
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"account": "a"}', "\x00", '"x"'])
def test_a_damaged_record_is_refused_in_words(tmp_path: Path, content: str) -> None:
    file = tmp_path / "in-force.json"
    file.write_text(content)
    with pytest.raises(SekishoError) as refused:
        in_force.read(file)
    assert refused.value.code == "control.in-force-damaged"
