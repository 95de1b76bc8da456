"""The unit that does the work, as the daemon starts, hears and stops it; `systemctl` is one that we have written."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from appliance.control import update_work
from appliance.update.job import Job

JOB = Job("write", "1.1.0", 6, sure=True, file="/stick/f")


@pytest.fixture
def systemctl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Does what is in it, and notes how it was called."""
    for name in ("UPDATE_JOB", "UPDATE_NEWS"):
        monkeypatch.setattr(f"appliance.paths.{name}", tmp_path / f"{name}.json")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return tmp_path / "systemctl"


def does(systemctl: Path, words: str) -> None:
    systemctl.write_text(f'#!/bin/sh\ncd {systemctl.parent}\necho "$*" >>called\n{words}\n')
    systemctl.chmod(0o755)


def news(done: bool, error: object = None) -> str:
    told = {"version": "1.1.0", "done": done, "come": 5, "total": 5, "local": 9, "error": error}
    return f"cat >UPDATE_NEWS.json <<'NEWS'\n{json.dumps(told)}\nNEWS"


def test_done(systemctl: Path) -> None:
    does(systemctl, news(done=True))
    assert asyncio.run(update_work.run(JOB)).done
    assert (systemctl.parent / "called").read_text() == "start sekisho-update.service\n"
    assert json.loads((systemctl.parent / "UPDATE_JOB.json").read_text())["file"] == "/stick/f"


def test_refused(systemctl: Path) -> None:
    does(systemctl, news(False, ["firmware.altered", "壊れています。", "Damaged."]) + "\nexit 1")
    refusal = asyncio.run(update_work.run(JOB)).refusal
    assert refusal is not None
    assert refusal.code == "firmware.altered"


@pytest.mark.parametrize("words", ["exit 1", news(done=False), "echo nonsense >UPDATE_NEWS.json"])
def test_broken_off(systemctl: Path, words: str) -> None:
    does(systemctl, words)
    refusal = asyncio.run(update_work.run(JOB)).refusal
    assert refusal is not None
    assert refusal.code == "firmware.broke-off"


def test_stopped(systemctl: Path) -> None:
    does(systemctl, 'if [ "$1" = stop ]; then touch stopped; fi; while [ ! -e stopped ]; do sleep 0.1; done')

    async def story() -> None:
        work = asyncio.create_task(update_work.run(JOB))
        async with asyncio.timeout(60):
            while not (systemctl.parent / "called").exists():
                await asyncio.sleep(0.01)
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    asyncio.run(story())
    assert (systemctl.parent / "called").read_text().splitlines()[-1] == "stop sekisho-update.service"
