"""The history: numbered, bounded, whole, and for root alone."""

from __future__ import annotations

import stat
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.errors import SekishoError
from appliance.site import history as module
from appliance.site import trial_file
from appliance.site.history import History, Version
from appliance.site.trial import Ending, Phase, Trial
from appliance.text import Text

VERSION = Version(0, "2026-11-25T01:00:00Z", "operator", 0, False, None, 3, "f" * 64, 'language = "ja"\n')


@pytest.fixture
def history(tmp_path: Path) -> History:
    return History(tmp_path / "history")


def test_versions_are_numbered_and_read_back(history: History, tmp_path: Path) -> None:
    first = history.begin(VERSION, "sealed")
    second = history.begin(replace(VERSION, trial=True, copy_of=1), "sealed")
    history.end(second.number, Ending.RETURNED, "2026-11-25T01:02:00Z", Text("戻した。", "undone"))
    assert [version.number for version in history.versions()] == [1, 2]
    assert history.version(1) == first
    assert history.version(2).reason == Text("戻した。", "undone")
    assert history.kept(2) == ("sealed", VERSION.site)
    files = list((tmp_path / "history").iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "history").stat().st_mode) == 0o700


def test_it_is_bounded_and_says_what_is_gone(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "VERSIONS", 4)
    monkeypatch.setattr(module, "ACCOUNTS", 2)
    for serial in range(1, 7):
        history.begin(replace(VERSION, serial=serial, fingerprint=f"{serial:064}"), f"sealed {serial}")
    assert [version.number for version in history.versions()] == [3, 4, 5, 6]
    assert history.account(history.version(5)) == "sealed 5"
    for number, code in ((4, "history.account-gone"), (2, "history.no-such-version"), (-1, "history.no-such-version")):
        with pytest.raises(SekishoError) as refused:
            history.kept(number)
        assert refused.value.code == code
    history.end(2, Ending.APPLIED, "")
    assert len(history.versions()) == 4


def test_a_damaged_version_is_left_out(history: History, tmp_path: Path) -> None:
    history.begin(VERSION, "sealed")
    history.begin(VERSION, "sealed")
    (tmp_path / "history" / "000001.json").write_text("{}")
    assert [version.number for version in history.versions()] == [2]
    assert history.begin(VERSION, "sealed").number == 3


def test_there_may_be_none(history: History) -> None:
    assert history.versions() == []


def test_the_trial_is_read_back_as_written(tmp_path: Path) -> None:
    file = tmp_path / "trial.json"
    assert trial_file.read(file) is None
    for reason in (None, Text("理由。", "reason")):
        trial = Trial(7, "boot", 120.0, 1120.5, 1060.5, ("line", "engine"), "00ff", Phase.RETURNING, reason)
        trial_file.write(trial, file)
        assert trial_file.read(file) == trial
    file.write_text('{"version": 7')
    assert trial_file.read(file) is None
    trial_file.remove(file)
    trial_file.remove(file)
    assert not file.exists()
