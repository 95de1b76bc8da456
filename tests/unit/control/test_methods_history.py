import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.control.dispatch import BadParams, Peer
from appliance.control.keep_history import HistoryKeeper
from appliance.control.methods_history import CELLS, MOST_HOURS, methods
from appliance.control.records import Records
from appliance.control.roles import Role
from tests.unit.webui import told

NOW = 1_800_000_000.0
STAFF = Peer(990, 1, Role.PAGE)


class Router:
    def __init__(self, path: Path) -> None:
        self.history = HistoryKeeper(Records(), None, path)

    async def calendar(self) -> dict[str, Any]:
        return {"dates": []}


@pytest.mark.parametrize("hours", [0, MOST_HOURS + 1, "24", 1.5, True, None])
@pytest.mark.parametrize("method", ["history.lights", "history.outages"])
def test_hours_are_a_number_in_bounds(tmp_path: Path, method: str, hours: Any) -> None:
    with pytest.raises(BadParams):
        asyncio.run(methods(Router(tmp_path / "db"))[method]({"hours": hours}, STAFF))  # type: ignore[arg-type]


def test_before_anything_was_written_nothing_is_told(tmp_path: Path) -> None:
    handlers = methods(Router(tmp_path / "db"))
    assert asyncio.run(handlers["history.outages"]({}, STAFF))["outages"] == []  # type: ignore[arg-type,call-overload,index]
    assert asyncio.run(handlers["history.lights"]({}, STAFF))["lights"] == []  # type: ignore[arg-type,call-overload,index]


def test_the_document_of_the_lights() -> None:
    document = told.lights(NOW, 24)
    assert document["to"] == "2027-01-15T08:00:00Z"
    assert document["from"] == "2027-01-14T08:00:00Z"
    assert [light["name"] for light in document["lights"]] == ["router", "line", "tunnel", "engine", "certificates"]
    for light in document["lights"]:
        assert sum(count for _, count in light["cells"]) == CELLS
        assert sum(light["seconds"].values()) == pytest.approx(86400, abs=3)
    newest = document["changes"][0]
    assert (newest["light"], newest["state"], newest["root"]) == ("line", "ok", None)
    assert {change["root"] for change in document["changes"] if change["state"] == "failed"} == {None, "line"}


def test_the_document_of_the_outages() -> None:
    document = told.outages(NOW, 720)
    assert [
        (one["kind"], one["seconds"], one["cause"], one["ending"], one["closed"]) for one in document["outages"]
    ] == [
        ("outage", 720, "line.no-cable", "recovered", None),
        ("off", 7200, None, "recovered", False),
        ("outage", 10800, "engine.wrong-pin", "recovered", None),
    ]
    assert document["outages"][0]["title"]["en"] == "Internet line"
    assert document["more"] == 0
