"""Manufacture, the way back, sticks and hardware, as commands against a real socket; the lamps hear the same socket."""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from appliance import paths
from appliance.cli import factory
from appliance.cli.main import main
from appliance.control.client import Client
from appliance.control.manufacturing import not_fresh
from appliance.errors import SekishoError
from appliance.hardware import machine
from appliance.panel import run as panel
from appliance.panel.button import Wish
from appliance.panel.lamps import State, silent
from tests.unit.cli.conftest import Daemon, light, status_of

Captured = pytest.CaptureFixture[str]
LABEL = {
    "serial": "SK-1",
    "file": "label-SK-1.pdf",
    "text": "最初のパスワード  abcd-efgh\n",
    "pdf": base64.b64encode(b"%PDF-").decode(),
}


@pytest.fixture
def stick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(paths, "STICKS", tmp_path / "sticks")
    folder = tmp_path / "sticks/sda1"
    folder.mkdir(parents=True)
    (folder / "sekisho-factory.toml").write_text('serials = ["SK-1", "SK-2"]')
    return folder


def test_a_label_goes_to_the_stick_before_the_machine_is_made(daemon: Daemon, stick: Path, capsys: Captured) -> None:
    (stick / "label-SK-2.pdf").touch()
    with daemon(**{"factory.make": LABEL, "factory.made": True}) as asked:
        assert main(["factory", "make"]) == 0
    assert (stick / "label-SK-1.pdf").read_bytes() == b"%PDF-"
    assert asked == [
        ("factory.make", {"serial": None, "listed": ["SK-1", "SK-2"], "used": ["SK-2"]}),
        ("factory.made", {"serial": "SK-1"}),
    ]
    assert "abcd-efgh" not in "".join(capsys.readouterr())


def test_who_comes_before_the_page_is_there_may_wait(
    daemon: Daemon, stick: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    with daemon(**{"factory.make": not_fresh()}):
        assert main(["factory", "make"]) == 1
        monkeypatch.setattr(factory, "PAUSE", 0.01)
        assert main(["factory", "make", "--wait", "1"]) == 1
    assert capsys.readouterr().err.count(not_fresh().text.ja) == 2
    answers = iter([not_fresh(), not_fresh(), LABEL, True])

    def call(*_: object, **__: object) -> object:
        answer = next(answers)
        if isinstance(answer, SekishoError):
            raise answer
        return answer

    monkeypatch.setattr(Client, "call", call)
    assert main(["factory", "make", "--wait", "60"]) == 0
    assert (stick / "label-SK-1.pdf").read_bytes() == b"%PDF-"


def test_a_stick_that_cannot_be_written_makes_no_machine(
    daemon: Daemon, stick: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    (stick / "label-SK-1.pdf").mkdir()
    with daemon(**{"factory.make": LABEL, "factory.made": True}) as asked:
        assert main(["factory", "make"]) == 1
    assert [method for method, _ in asked] == ["factory.make"]
    assert "USB メモリー" in capsys.readouterr().err


def test_without_the_factory_s_stick_nothing_is_asked(daemon: Daemon, stick: Path, capsys: Captured) -> None:
    (stick / "sekisho-factory.toml").unlink()
    with daemon() as asked:
        assert main(["factory", "make"]) == 1
    assert asked == []
    assert "sekisho-factory.toml" in capsys.readouterr().err


def test_a_label_on_the_console(daemon: Daemon, stick: Path, capsys: Captured) -> None:
    with daemon(**{"factory.make": LABEL, "factory.made": True}) as asked:
        assert main(["factory", "make", "--print", "--serial", "SK-9"]) == 0
    assert asked[0] == ("factory.make", {"serial": "SK-9", "listed": [], "used": []})
    assert capsys.readouterr().out == LABEL["text"]
    assert not (stick / "label-SK-1.pdf").exists()


@pytest.mark.parametrize(("typed", "status"), [("reset\n", 0), ("RESET\n", 1), ("\n", 1), ("", 1)])
def test_everything_goes_only_for_whoever_says_so(
    daemon: Daemon, monkeypatch: pytest.MonkeyPatch, typed: str, status: int
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    with daemon(**{"factory.reset": True}) as asked:
        assert main(["factory", "reset"]) == status
    wish = ("factory.reset", {"what": "everything", "by": "console"})
    assert asked == ([wish] if status == 0 else [])


def test_the_log_in_alone_is_not_asked_about(daemon: Daemon) -> None:
    with daemon(**{"factory.reset": True}) as asked:
        assert main(["factory", "reset", "--log-in"]) == 0
    assert asked == [("factory.reset", {"what": "log-in", "by": "console"})]


def test_the_record_and_the_sticks_are_shown(daemon: Daemon, capsys: Captured) -> None:
    record = {"serial": "SK-1", "key_sha256": "ab" * 32, "at": "2026-11-28T08:00:00Z", "is_made": True}
    files = {"files": [{"kind": "account", "path": "/run/sekisho/sticks/sda1/a", "size": 9, "stick": "sda1"}]}
    with daemon(**{"factory.show": record, "sticks.list": files}):
        assert main(["factory", "show"]) == main(["stick"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("SK-1", "ab" * 32, "/run/sekisho/sticks/sda1/a", "接続アカウント"))


def test_the_hardware_is_shown_without_a_daemon(
    tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    shipped = Path(__file__).parents[3] / "firmware-image/files/usr/share/sekisho/hardware"
    (profile,) = (one for one in machine.profiles(shipped) if one.name == "20-pcengines-apu")
    apu = machine.Machine("PC Engines", "apu2", "", (machine.Port("enp1s0", "igb", "/sys/devices/a"),))
    monkeypatch.setattr(machine, "own", lambda: (apu, profile))
    assert main(["hardware", "show"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in ("PC Engines apu2", "enp1s0", "apu:green:3", "gpio-keys-polled", "sp5100_tco"))
    assert main(["hardware", "show", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["profile"]["reset"]["code"] == 408
    monkeypatch.setattr(machine, "own", lambda: (apu, None))
    assert main(["hardware", "show"]) == 1
    assert main(["hardware", "check", str(shipped)]) == 0
    (tmp_path / "one.toml").write_text("titel = 1")
    assert main(["hardware", "check", str(tmp_path)]) == 1
    assert "titel" in capsys.readouterr().err


def test_the_lamps_hear_what_the_page_hears_and_silence_too(daemon: Daemon) -> None:
    title = {"ja": "回線", "en": "Line"}
    status: Any = status_of(
        "failed", [light("line", title, "failed", "line.no-cable"), light("router", title, "ok", "x")]
    )
    listening = panel.Listening(Client(paths.API_SOCKET))
    with daemon(subscribe=[status]):
        seen = listening.once()
        assert next(seen) == {"line": State.FAILED, "router": State.OK}
        # The stream ends, as it does when the daemon does.
        assert next(seen) == silent()
    assert next(listening.once()) == silent()


def test_the_button_asks_the_daemon(daemon: Daemon) -> None:
    with daemon(**{"factory.reset": True}) as asked:
        panel.fulfil(Client(paths.API_SOCKET), Wish.LOG_IN)
    assert asked == [("factory.reset", {"what": "log-in", "by": "button"})]
    # Nobody is there: it is logged, and nothing else.
    panel.fulfil(Client(paths.API_SOCKET), Wish.LOG_IN)
