"""`sekisho plan`, `apply`, `down` and `metrics`, through `main`, against a real socket."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from appliance.cli.main import main

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]
CHANGES = {
    "changes": [
        {
            "subsystem": "link",
            "subject": "sk-dc1",
            "text": {"ja": "トンネル sk-dc1 を作ります。", "en": "Make the tunnel sk-dc1."},
        },
        {"subsystem": "nft", "subject": "sekisho", "text": {"ja": "規則を入れます。", "en": "Load the rules."}},
    ]
}
NOTHING: dict[str, Any] = {"changes": []}


def test_plan_numbers_its_sentences(daemon: Daemon, capsys: Captured) -> None:
    with daemon(plan=CHANGES):
        assert main(["plan"]) == 0
        assert capsys.readouterr().out == (
            "1. トンネル sk-dc1 を作ります。\n   Make the tunnel sk-dc1.\n2. 規則を入れます。\n   Load the rules.\n"
        )
        assert main(["plan", "--lang", "en"]) == 0
        assert capsys.readouterr().out == "1. Make the tunnel sk-dc1.\n2. Load the rules.\n"
        assert main(["plan", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == CHANGES


def test_long_lists_keep_their_margin(daemon: Daemon, capsys: Captured) -> None:
    with daemon(plan={"changes": CHANGES["changes"] * 5}):
        main(["plan"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(" 1. ")
    assert lines[1].startswith("    Make")
    assert lines[-2].startswith("10. ")


def test_the_kernel_s_switches_are_one_sentence_and_json_has_them_all(daemon: Daemon, capsys: Captured) -> None:
    first, last = CHANGES["changes"]
    switches = [
        {"subsystem": "sysctl", "subject": key, "text": {"ja": f"{key} を 1 にします。", "en": f"set {key} to 1"}}
        for key in ("net/ipv4/ip_forward", "net/ipv4/conf/all/rp_filter")
    ]
    result = {"changes": [first, *switches, last, switches[0]]}
    with daemon(plan=result, apply=result | {"seconds": 1.0}, down=result):
        assert main(["plan"]) == 0
        assert capsys.readouterr().out.splitlines()[2:] == [
            "2. カーネルの設定を 3 項目そろえます（項目は --json で見られます）。",
            "   set 3 kernel switches (listed by --json)",
            "3. 規則を入れます。",
            "   Load the rules.",
        ]
        assert main(["apply", "--lang", "ja"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "3 件を変更しました（1.0 秒）。"
        for command in ("plan", "down"):
            assert main([command, "--json"]) == 0
            assert json.loads(capsys.readouterr().out) == result


def test_an_empty_plan_says_so(daemon: Daemon, capsys: Captured) -> None:
    with daemon(plan=NOTHING):
        assert main(["plan"]) == 0
    assert capsys.readouterr().out == "変更するところはありません。\nNothing to change.\n"


def test_apply(daemon: Daemon, capsys: Captured) -> None:
    with daemon(apply=CHANGES | {"seconds": 1.26}):
        assert main(["--lang", "ja", "apply"]) == 0
        assert capsys.readouterr().out.splitlines()[-1] == "2 件を変更しました（1.3 秒）。"
        assert main(["apply", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["seconds"] == 1.26
    with daemon(apply=NOTHING | {"seconds": 0.1}):
        assert main(["--lang", "en", "apply"]) == 0
    assert capsys.readouterr().out == "Nothing had to change.\n"


def test_down(daemon: Daemon, capsys: Captured) -> None:
    with daemon(down=CHANGES):
        assert main(["down", "--lang", "en"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "Removed what Sekisho had added: 2."
    with daemon(down=NOTHING):
        assert main(["down", "--lang", "en"]) == 0
    assert capsys.readouterr().out == "There was nothing to remove.\n"


def test_metrics_are_printed_as_they_are(daemon: Daemon, capsys: Captured) -> None:
    exposition = '# HELP a b\n# TYPE a gauge\na{x="y"} 1.0\n'
    with daemon(metrics={"text": exposition}):
        assert main(["metrics"]) == 0
    assert capsys.readouterr().out == exposition
