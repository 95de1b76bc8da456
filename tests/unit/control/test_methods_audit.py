"""The record through the local API: pages of it, its check in a process of its own, and nothing that changes it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from appliance.control.auditing import Auditor
from appliance.control.dispatch import BadParams, Peer
from appliance.control.methods_audit import methods
from appliance.control.roles import ALLOWED, Role

ROOT = Peer(0, 1, Role.OPERATOR)


class Router:
    def __init__(self, directory: Path) -> None:
        self.auditor = Auditor(directory)


@pytest.fixture
def router(tmp_path: Path) -> Router:
    router = Router(tmp_path / "audit")

    async def scene() -> None:
        for number in range(3):
            await router.auditor.note("router.started", {"number": number})

    asyncio.run(scene())
    return router


def ask(router: Router, name: str, /, **params: Any) -> Any:
    async def scene() -> Any:
        return await methods(router)[name](params, ROOT)

    return asyncio.run(scene())


def test_pages(router: Router) -> None:
    answer = ask(router, "audit.list", limit=2)
    assert [entry["subject"] for entry in answer["entries"]] == [{"number": 2}, {"number": 1}]
    assert answer["more"]
    assert not ask(router, "audit.list", before=2)["more"]


def test_a_selection(router: Router) -> None:
    def numbers(**wanted: Any) -> list[int]:
        return [entry["number"] for entry in ask(router, "audit.list", **wanted)["entries"]]

    assert numbers(role="system", actions=["router.started", "site.try"], since="2020-01-01T00:00:00+09:00") == [
        3,
        2,
        1,
    ]
    assert numbers(role="vendor") == numbers(until="2020-01-01T00:00:00Z") == numbers(name="sato") == []


def test_verification(router: Router) -> None:
    verdict = ask(router, "audit.verify")
    assert (verdict["whole"], verdict["entries"], verdict["last"]) == (True, 3, 3)
    assert ask(router, "audit.verify", known=f"3:{verdict['hash']}")["whole"]
    assert not ask(router, "audit.verify", known=f"2:{verdict['hash']}")["whole"]
    (file,) = router.auditor.directory.glob("*.jsonl")
    file.write_bytes(file.read_bytes().replace(b'"number":1}', b'"number":7}'))
    assert [fault["number"] for fault in ask(router, "audit.verify")["faults"]] == [2]


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("audit.list", {"limit": 0}),
        ("audit.list", {"limit": 501}),
        ("audit.list", {"limit": True}),
        ("audit.list", {"before": "3"}),
        ("audit.list", {"since": "2026-11-28"}),
        ("audit.list", {"until": "yesterday"}),
        ("audit.list", {"since": "0001-01-01T00:00:00+09:00"}),
        ("audit.list", {"role": 3}),
        ("audit.list", {"actions": "site.try"}),
        ("audit.list", {"actions": [3]}),
        ("audit.verify", {"known": "3"}),
        ("audit.verify", {"known": 3}),
    ],
)
def test_what_cannot_be_asked(router: Router, name: str, params: dict[str, Any]) -> None:
    with pytest.raises(BadParams):
        ask(router, name, **params)


def test_nobody_can_change_or_remove_an_entry(router: Router) -> None:
    assert methods(router).keys() == {name for name in ALLOWED if name.startswith("audit.")}
    assert methods(router).keys() == {"audit.list", "audit.verify"}
