from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from appliance.report.compose import compose, number, passed
from appliance.report.model import MARKS
from appliance.text import Language


def everything(material: dict[str, Any], language: Language) -> str:
    report = compose(material, language)
    return "\n".join(
        [report.clinic, report.verdict, *(cell for table in report.tables for row in table.rows for cell in row)]
    )


@pytest.mark.parametrize("language", ["ja", "en"])
def test_all_that_was_checked_is_on_it(well: dict[str, Any], language: Language) -> None:
    text = everything(well, language)
    for light in well["status"]["lights"]:
        for one in (light, *light["parts"]):
            assert one["title"][language] in text
            assert one["summary"][language] in text
    for seen in well["evidence"]:
        assert seen["title"][language] in text
        assert seen["subject"] in text
    for service in well["account"]["services"]:
        assert f"{service['host']}:{service['port']}" in text
        assert all(pin in text for pin in service["pins"])
    for certificate in (*well["account"]["identity"], *well["account"]["trust_anchors"]):
        assert certificate["subject"] in text
        assert certificate["serial_number"] in text
    assert "受付1" in text
    assert "1.2.3" in text
    assert "03-0000-0000" in text


def test_it_says_whether_connectivity_was_confirmed(well: dict[str, Any], cut_off: dict[str, Any]) -> None:
    assert compose(well, "ja").passed
    assert "確認しました" in compose(well, "ja").verdict
    assert not compose(cut_off, "ja").passed
    assert "確認できていません" in compose(cut_off, "ja").verdict
    assert cut_off["status"]["headline"]["text"]["en"] in compose(cut_off, "en").verdict


@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_nothing_passes_with_a_light_that_is_not_known(well: dict[str, Any], state: str) -> None:
    for light in well["status"]["lights"]:
        worse = deepcopy(well["status"])
        next(one for one in worse["lights"] if one["name"] == light["name"])["state"] = state
        assert not passed(worse)


def test_an_address_that_was_not_proven_is_not_called_so(cut_off: dict[str, Any]) -> None:
    (engines,) = (table for table in compose(cut_off, "en").tables if table.heading == "Receipt engines")
    (receipt,) = (row for row in engines.rows if row[0] == "receipt")
    assert "203.0.113.33" in receipt[3]
    assert "203.0.113.17" not in receipt[3]


def test_another_router_has_another_number(well: dict[str, Any], cut_off: dict[str, Any]) -> None:
    assert number(well) == number(deepcopy(well))
    assert number(well) != number(cut_off)


def test_each_state_has_a_mark_of_its_own() -> None:
    assert len(set(MARKS.values())) == len(MARKS) == 4
