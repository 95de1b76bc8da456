"""The JSON status: the shape that the command line and the page are written against."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

from appliance.health.board import Board, Expected
from appliance.health.document import status_document
from appliance.health.model import Evidence
from appliance.text import Text

JST = timezone(timedelta(hours=9))


def test_a_status_document() -> None:
    board = Board()
    board.expect(Expected(lines={"wan": "wan0"}, tunnels=("dc1", "dc2")))
    board.record(Evidence("wan.carrier", "wan0", False, 90.0))
    for at, ok in ((91.0, True), (92.5, False)):
        board.record(Evidence("tunnel.path", "dc1", ok, at))
        board.record(Evidence("tunnel.path", "dc2", ok, at))
    board.lights(93.0)
    document = status_document(
        board.lights(95.0),
        wall_now=datetime(2026, 11, 23, 19, 0, 30, tzinfo=JST),
        boot_now=95.0,
        clinic=("C-0001", Text("れんげ医院", "Renge Clinic")),
        language="ja",
        vendor=("みほん電算", "03-0000-0000"),
        carrying=None,
    )
    assert json.loads(json.dumps(document)) == document
    assert document["at"] == "2026-11-23T10:00:30Z"
    assert document["clinic"] == {"id": "C-0001", "name": {"ja": "れんげ医院", "en": "Renge Clinic"}}
    assert document["vendor"] == {"name": "みほん電算", "phone": "03-0000-0000"}
    assert document["carrying"] is None
    assert document["headline"]["state"] == "failed"
    line, tunnel = document["lights"][:2]
    assert (line["name"], line["cause"], line["root"]) == ("line", "line.no-cable", None)
    assert (line["since"], line["evidence_age"]) == ("2026-11-23T10:00:28Z", 5.0)
    assert (tunnel["name"], tunnel["state"], tunnel["root"]) == ("tunnel", "failed", "line")
    assert set(line) == {
        "name", "title", "state", "cause", "summary", "advice", "since", "evidence_age", "root", "parts",
    }  # fmt: skip
    assert [set(part) for part in tunnel["parts"]] == [set(line)] * 2


def test_a_router_that_knows_nothing_yet() -> None:
    document = status_document(Board().lights(3.0), wall_now=datetime(2026, 11, 23, tzinfo=UTC), boot_now=3.0)
    assert document["clinic"] is None
    assert document["vendor"] is None
    assert document["language"] == "ja"
    assert document["headline"]["state"] == "unknown"
    assert {light["evidence_age"] for light in document["lights"]} == {None}
