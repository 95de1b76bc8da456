"""Checks run one after the other, are remembered, and never leave anybody without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from appliance.control import diagnosing
from appliance.control.diagnosing import CHECKS, Check, Diagnosing, Working
from appliance.diagnose.verdict import Outcome, State, Verdict
from appliance.errors import SekishoError
from appliance.text import Text

WELL = Outcome((Verdict("x", "y", State.OK, Text("良好", "good")),), ("seen",))
WORKING: Any = None


def working() -> Working:
    return WORKING  # type: ignore[no-any-return]


def checks(run: Any) -> Mapping[str, Check]:
    return {name: replace(check, run=run) for name, check in CHECKS.items()}


def states(room: Diagnosing) -> dict[str, Any]:
    return {one["name"]: one["outcome"] and one["outcome"]["state"] for one in room.show()}


def test_all_that_disturb_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(_: Working) -> Outcome:
        return WELL

    async def story() -> None:
        room = Diagnosing()
        assert {one["phase"] for one in room.show()} == {"idle"}
        assert room.begin([], working) == [name for name, check in CHECKS.items() if not check.disturbs]
        assert {one["phase"] for one in room.show()} >= {"waiting"}
        while any(one["phase"] != "idle" for one in room.show()):
            await asyncio.sleep(0)
        assert states(room) == {name: None if check.disturbs else "ok" for name, check in CHECKS.items()}
        assert room.begin(["throughput", "throughput"], working) == ["throughput"]
        await room.stop()

    monkeypatch.setattr(diagnosing, "CHECKS", checks(run))
    asyncio.run(story())


def test_one_run_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run(_: Working) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    async def story() -> None:
        room = Diagnosing()
        room.begin(["lan", "time"], working)
        await asyncio.sleep(0)
        phases = {one["name"]: one["phase"] for one in room.show()}
        assert (phases["lan"], phases["time"], phases["paths"]) == ("running", "waiting", "idle")
        with pytest.raises(SekishoError) as busy:
            room.begin(["paths"], working)
        assert busy.value.code == "diagnose.busy"
        await room.stop()
        assert {one["phase"] for one in room.show()} == {"idle"}
        assert room.begin(["paths"], working) == ["paths"]
        await room.stop()

    monkeypatch.setattr(diagnosing, "CHECKS", checks(run))
    asyncio.run(story())


@pytest.mark.parametrize(
    ("error", "code"),
    [(SekishoError("kernel.x", "だめです。", "It failed."), "kernel.x"), (RuntimeError("?"), "diagnose.failed")],
)
def test_a_check_that_fails_says_so(monkeypatch: pytest.MonkeyPatch, error: Exception, code: str) -> None:
    async def run(_: Working) -> Outcome:
        raise error

    async def story() -> None:
        room = Diagnosing()
        room.begin(["time"], working)
        while any(one["phase"] != "idle" for one in room.show()):
            await asyncio.sleep(0)
        verdict = next(one for one in room.show() if one["name"] == "time")["outcome"]["verdicts"][0]
        assert (verdict["code"], verdict["state"]) == (code, "unknown")

    monkeypatch.setattr(diagnosing, "CHECKS", checks(run))
    asyncio.run(story())


def test_what_there_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing() -> Working:
        raise SekishoError("control.no-site", "設定がありません。", "There are no settings.")

    async def story() -> None:
        room = Diagnosing()
        for wanted, at, code in ((["x"], working, "diagnose.unknown"), (["lan"], nothing, "control.no-site")):
            with pytest.raises(SekishoError) as refused:
                room.begin(wanted, at)
            assert refused.value.code == code

    asyncio.run(story())
