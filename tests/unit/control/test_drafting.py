from __future__ import annotations

from pathlib import Path

import pytest

from appliance import paths
from appliance.control import drafting
from appliance.errors import SekishoError

LAN = {"interface": "lan0", "address": "192.0.2.1/26"}


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "etc" / "site.toml"
    monkeypatch.setattr(paths, "SITE", file)
    return file


def test_a_draft_grows_section_by_section(site: Path) -> None:
    empty = drafting.read()
    assert {problem["section"] for problem in empty["problems"]} == {"wan", "lan"}
    first = drafting.edit("lan", LAN, empty["revision"])
    assert first["written"]
    assert site.stat().st_mode & 0o777 == 0o600
    second = drafting.edit("wan", {"kind": "dhcp", "interface": "wan0"}, first["revision"])
    assert second["problems"] == []
    assert drafting.read() == {key: second[key] for key in ("toml", "values", "problems", "revision")}


def test_a_section_with_a_problem_is_not_written(site: Path) -> None:
    begun = drafting.edit("lan", LAN, drafting.read()["revision"])
    refused = drafting.edit("lan", {**LAN, "address": "192.0.2.300/26"}, begun["revision"])
    assert not refused["written"]
    assert [problem["key"] for problem in refused["problems"] if problem["section"] == "lan"] == ["lan.address"]
    assert site.read_text() == begun["toml"]
    corrected = drafting.edit("lan", {**LAN, "address": "192.0.2.3/26"}, refused["revision"])
    assert corrected["written"]


def test_who_has_not_seen_the_newest_draft_changes_nothing(site: Path) -> None:
    seen = drafting.read()["revision"]
    drafting.edit("lan", LAN, seen)
    before = site.read_text()
    with pytest.raises(SekishoError) as refusal:
        drafting.edit("lan", {**LAN, "address": "192.0.2.2/26"}, seen)
    assert refusal.value.code == "site.changed"
    assert site.read_text() == before


def test_a_file_that_cannot_be_read_is_left_alone(site: Path) -> None:
    site.parent.mkdir()
    site.write_text("[lan\n")
    with pytest.raises(SekishoError):
        drafting.edit("lan", LAN, "")
    assert site.read_text() == "[lan\n"
