"""The tools we start: bounded in time, and their complaints without keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.errors import SekishoError
from appliance.kernel import tool
from tests.unit.kernel.worlds import key


def test_a_failure_is_one_short_line_without_carets() -> None:
    complaint = "/dev/stdin:2:1-3: Error: syntax error\nfoo bar\n^^^\n"
    assert tool.condensed(complaint) == "/dev/stdin:2:1-3: Error: syntax error foo bar"
    assert len(tool.condensed("x " * 1000)) == 300


@given(st.text(), st.sampled_from(["`{}'", "{}", "PrivateKey={}", "‘{}’", "Line unrecognized: `PrivateKey={}"]))
def test_a_key_never_shows(around: str, place: str) -> None:
    secret = key("secret")
    shown = tool.condensed(around + place.format(secret) + around)
    assert secret not in shown
    assert secret[:20] not in shown


def test_a_real_complaint_of_wg_hides_the_key(tmp_path: Path) -> None:
    secret = key("secret")[:-2]
    with pytest.raises(SekishoError) as refused:
        tool.run(["wg", "pubkey"], secret)
    assert refused.value.code == "kernel.wg-failed"
    assert secret not in str(refused.value)


def test_a_tool_that_hangs_or_is_missing_is_told() -> None:
    with pytest.raises(SekishoError) as refused:
        tool.run(["sleep", "60"], timeout=0.05)
    assert refused.value.code == "kernel.sleep-timeout"
    with pytest.raises(SekishoError) as refused:
        tool.run(["no-such-tool-here"])
    assert refused.value.code == "kernel.no-such-tool-here-missing"


def test_a_failure_carries_what_the_tool_said() -> None:
    with pytest.raises(SekishoError) as refused:
        tool.run(["sh", "-c", "echo because >&2; exit 3"])
    assert refused.value.code == "kernel.sh-failed"
    assert "because" in refused.value.text.ja
    assert tool.run(["sh", "-c", "exit 1"], accepted=(0, 1)) == (1, "", "")
    with pytest.raises(SekishoError, match="exit status 4"):
        tool.run(["sh", "-c", "exit 4"])


@pytest.mark.parametrize("error", [ValueError("KEY"), KeyError("KEY"), TypeError(), AttributeError(), RecursionError()])
def test_what_cannot_be_understood_is_told_without_repeating_it(error: Exception) -> None:
    with pytest.raises(SekishoError) as refused, tool.reading("wg"):
        raise error
    assert refused.value.code == "kernel.wg-unreadable"
    assert "KEY" not in str(refused.value)
    assert refused.value.__suppress_context__
