"""What a router would hand to the report: from a real board of lights and a real account."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from appliance.account.inspect import redacted
from appliance.health.board import Board
from appliance.health.document import evidence_document, status_document
from appliance.health.model import Evidence
from appliance.text import Text
from tests.builders import lab_account
from tests.unit.health.clinic import ALL_WELL, EXPECTED, Change, show

NOW = datetime(2026, 11, 15, 9, 0, tzinfo=UTC)


def gathered(*changes: Change) -> dict[str, Any]:
    """All is well, but for `changes`."""
    board = Board()
    board.expect(EXPECTED)
    show(board, 100.0, ALL_WELL)
    for kind, subject, ok, *rest in changes:
        board.record(Evidence(kind, subject, ok, 101.0, *rest))
    return {
        "status": status_document(
            board.lights(102.0),
            wall_now=NOW,
            boot_now=102.0,
            clinic=("clinic-0001", Text("青空医院 <本院> & 分院", "Aozora clinic")),
            vendor=("サンプル商会", "03-0000-0000"),
        ),
        "evidence": evidence_document(board.evidence(102.0), NOW, 102.0),
        "account": redacted(lab_account(), NOW),
        "site": {
            "name": "sekisho",
            "address": "192.0.2.1",
            "version": 3,
            "terminals": [
                {"name": "reception-1", "label": "受付1", "address": "192.0.2.10", "mac": "02:00:00:00:02:10"}
            ],
        },
        "versions": {"Sekisho": "1.2.3"},
        "device": "Example PC 0001",
        "page": "https://192.0.2.1/",
    }


@pytest.fixture
def well() -> dict[str, Any]:
    return gathered()


@pytest.fixture
def cut_off() -> dict[str, Any]:
    return gathered(
        ("tunnel.path", "dc1", False),
        ("tunnel.path", "dc2", False),
        ("engine.proof", "receipt@203.0.113.17", False, "pin", "203.0.113.17"),
    )
