"""`sekisho firmware`: on a router, and on the issuing side."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from appliance.account import keys
from appliance.cli import firmware
from appliance.cli.main import main
from tests.unit.update import world

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]
SHOWN = {
    "version": "1.0.0",
    "stage": "staged",
    "text": {"ja": "再起動を待っています。", "en": "It waits for the restart."},
    "last": None,
}


def test_how_it_stands(daemon: Daemon, capsys: Captured) -> None:
    with daemon(firmware_show=SHOWN):
        assert main(["firmware", "show", "--lang", "en"]) == 0
        assert capsys.readouterr().out == "Version that runs: 1.0.0\nIt waits for the restart.\n"
    with daemon(firmware_show=None):
        assert main(["firmware", "show"]) == 0
        assert "image" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("again", "words"), [("by-itself", "once more"), ("by-hand", "not installed by itself any more"), (None, "")]
)
def test_whether_a_version_that_came_back_is_tried_again(again: str | None, words: str) -> None:
    last = {"version": "1.1.0", "ended": "returned", "at": "2026-11-28T18:00:00+00:00", "again": again}
    found = [line.en for line in firmware.lines({**SHOWN, "last": last})][2:]
    assert len(found) == bool(words)
    assert all(words in line for line in found)


def test_a_file_is_named_as_the_daemon_finds_it(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with daemon(firmware_install=SHOWN) as asked:
        assert main(["firmware", "install", "f.firmware", "--now"]) == 0
    assert asked == [("firmware.install", {"path": str(tmp_path / "f.firmware"), "now": True})]


@pytest.mark.parametrize(("verdict", "status"), [("good", 0), ("bad", 1)])
def test_the_verdict_is_the_exit_status(daemon: Daemon, verdict: str, status: int, capsys: Captured) -> None:
    with daemon(firmware_verdict={"verdict": verdict, "text": {"ja": "だめです。", "en": "It is not."}}):
        assert main(["firmware", "verdict"]) == status
    assert ("だめです。" in capsys.readouterr().out) == bool(status)


def test_a_daemon_that_is_still_starting_is_waited_for(
    daemon: Daemon, socket_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(firmware, "ASK_EVERY", 0.01)
    found: list[int] = []
    asking = threading.Thread(target=lambda: found.append(main(["firmware", "verdict"])))
    asking.start()
    time.sleep(0.05)
    assert asking.is_alive()
    with daemon(firmware_verdict={"verdict": "good", "text": None}):
        asking.join(60)
    assert found == [0]


def test_one_that_never_answers_is_not_good(socket_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firmware, "ASK_EVERY", 0.01)
    monkeypatch.setattr(firmware, "PATIENCE", 0.05)
    assert main(["firmware", "verdict"]) == 1


def test_a_bundle_is_made_and_compared(tmp_path: Path, capsys: Captured) -> None:
    key = keys.generate()
    (tmp_path / "key.jwk").write_text(keys.private_jwk(key))
    (tmp_path / "key.jwk").chmod(0o600)
    made = []
    for number, built in enumerate((world.build("1.0.0"), world.build("1.1.0", changed=3000)), 1):
        image, uki, out = (tmp_path / f"{number}.{kind}" for kind in ("raw", "efi", "firmware"))
        image.write_bytes(world.disk(built))
        uki.write_bytes(built.uki)
        words = ["firmware", "make", out, "--image", image, "--uki", uki, "--version", built.version]
        words += ["--generation", str(number), "--hardware", "mini-pc", "--key", tmp_path / "key.jwk", "--json"]
        against = ["--against", made[0]] if made else []
        assert main([str(word) for word in [*words, *against]]) == 0
        made.append(out)
    told = json.loads(capsys.readouterr().out.split("\n}\n", 1)[1])
    assert told["bundle_bytes"] == made[1].stat().st_size
    assert told["update_bytes"] < told["bundle_bytes"] / 2 < told["slot_bytes"]
