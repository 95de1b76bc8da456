"""`sekisho diagnose`, `explain`, `capture` and `support-bundle`, through `main`, against a real socket."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.main import main

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]


def both(ja: str, en: str) -> dict[str, str]:
    return {"ja": ja, "en": en}


def check(name: str, state: str = "ok", **more: Any) -> dict[str, Any]:
    advice = both("線を見てください。", "Look at the cable.") if state != "ok" else None
    verdict = {"code": "x", "subject": "dc1", "state": state, "says": both("見ました。", "Seen."), "advice": advice}
    outcome = {"state": state, "verdicts": [verdict], "raw": ["a line \x1b[2J"]}
    return {
        "name": name, "title": both("経路", "Paths"), "seconds": 5, "phase": "idle", "began": None, "at": 1.0,
        "outcome": outcome, **more,
    }  # fmt: skip


def explained(end: str, agrees: bool | None) -> dict[str, Any]:
    return {
        "terminal": {"name": "reception", "address": "192.0.2.10", "mac": "02:00:00:00:02:10"},
        "address": "203.0.113.17",
        "end": end,
        "rule": {"chain": "lan_forward", "why": "Refuse at once: never silence"},
        "says": both("断ります。", "Refused."),
        "missing": [both("足りないもの:", "Missing:"), both("端末ではありません。", "no terminal")],
        "path": ["lan_forward: Refuse at once: never silence"],
        "kernel": {"agrees": agrees, "end": end, "path": ["inet foreign f: x (drop)"], "says": both("同じ。", "Same.")},
    }


def test_checks_are_told_with_what_to_do(daemon: Daemon, capsys: Captured) -> None:
    answers = {"diagnose_begin": {"checks": ["paths"]}, "diagnose_show": {"checks": [check("paths", "failed")]}}
    with daemon(**answers) as asked:
        assert main(["diagnose", "paths", "--lang", "ja"]) == 1
    assert asked[0] == ("diagnose.begin", {"checks": ["paths"]})
    assert capsys.readouterr().out == "■ 経路\n  × 見ました。\n      → 線を見てください。\n\n"


@pytest.mark.parametrize(("state", "status"), [("ok", 0), ("attention", 0), ("failed", 1), ("unknown", 3)])
def test_exit_status_of_checks(daemon: Daemon, capsys: Captured, state: str, status: int) -> None:
    answers = {"diagnose_begin": {"checks": ["time"]}, "diagnose_show": {"checks": [check("time", state)]}}
    with daemon(**answers):
        assert main(["diagnose", "--raw"]) == status
        said = capsys.readouterr().out
        assert "    | a line" in said
        assert "\x1b" not in said
        assert main(["diagnose", "--json"]) == status
        assert json.loads(capsys.readouterr().out)["checks"][0]["name"] == "time"


def test_explain_says_what_is_missing(daemon: Daemon, capsys: Captured) -> None:
    with daemon(explain=explained("refused", True)) as asked:
        assert main(["explain", "reception", "e.example", "443", "--lang", "en"]) == 1
    wanted = {"terminal": "reception", "host": "e.example", "port": 443, "protocol": "tcp"}
    assert asked == [("explain", wanted)]
    assert capsys.readouterr().out == "Refused.\nMissing:\n  - no terminal\nSame.\n"


def test_explain_shows_both_paths_when_they_differ(daemon: Daemon, capsys: Captured) -> None:
    with daemon(explain=explained("passes", False)):
        assert main(["explain", "reception", "e.example", "53", "--udp", "--lang", "en"]) == 3
    assert "inet foreign f: x (drop)" in capsys.readouterr().out


def test_explain_passes(daemon: Daemon) -> None:
    with daemon(explain=explained("passes", True)):
        assert main(["explain", "reception", "e.example", "443"]) == 0


def test_capture_asks_for_headers_unless_told(daemon: Daemon, capsys: Captured) -> None:
    with daemon(capture_start={"name": "n.pcap", "interface": "lan0"}) as asked:
        assert main(["capture", "start", "lan"]) == 0
        assert main(["capture", "start", "lan", "--payload", "--seconds", "5", "--kilobytes", "16"]) == 0
    assert [params["payload"] for _, params in asked] == [False, True]
    assert asked[1][1] == {"place": "lan", "seconds": 5, "kilobytes": 16, "payload": True}
    assert "n.pcap" in capsys.readouterr().out


def test_captures_are_listed(daemon: Daemon, capsys: Captured) -> None:
    one = {"name": "n.pcap", "bytes": 24, "packets": 0, "payload": False}
    running = {"name": "m.pcap", "bytes": 24, "payload": True}
    with daemon(capture_list={"running": running, "captures": [one]}, capture_stop={"stopped": True}):
        assert main(["capture", "list", "--lang", "en"]) == 0
        said = capsys.readouterr().out
        assert main(["capture", "stop", "--lang", "en"]) == 0
    assert [line.split()[0] for line in said.splitlines()] == ["NAME", "m.pcap", "n.pcap"]
    assert "headers only" in said
    assert capsys.readouterr().out == "The capture has ended.\n"


@pytest.mark.parametrize(
    ("command", "answers"),
    [
        (["capture", "get", "n.pcap"], {"capture_read": {"name": "n.pcap", "data": base64.b64encode(b"x").decode()}}),
        (["support-bundle"], {"support_bundle": {"name": "s.tar.gz", "data": base64.b64encode(b"x").decode()}}),
    ],
)
def test_files_are_written_for_nobody_else(
    daemon: Daemon, tmp_path: Path, command: list[str], answers: dict[str, Any]
) -> None:
    out = tmp_path / "out"
    with daemon(**answers):
        assert main([*command, "--out", str(out)]) == 0
    assert out.read_bytes() == b"x"
    assert out.stat().st_mode & 0o777 == 0o600
