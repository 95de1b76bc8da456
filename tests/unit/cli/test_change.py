"""`sekisho site apply --confirm-within`, `confirm`, `cancel`, `return`, `history`, `diff`, against a real socket."""

import io
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from appliance.cli.main import main
from appliance.cli.status_view import render
from appliance.errors import SekishoError

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]
CHANGES = [{"subsystem": "nft", "subject": "sekisho", "text": {"ja": "規則を変えます。", "en": "Change the rules."}}]
TRIED = {"changes": CHANGES, "version": 7, "token": "abcde-fghjk"}


def version(number: int, ending: str | None, **more: Any) -> dict[str, Any]:
    return {
        "number": number,
        "began": "2026-11-25T01:00:00Z",
        "ended": "2026-11-25T01:01:00Z",
        "role": "operator",
        "uid": 0,
        "name": "",
        "trial": True,
        "copy_of": None,
        "account": {"serial": 3, "fingerprint": "0123456789abcdef"},
        "ending": ending,
        "reason": None,
        "in_force": False,
    } | more


def trial(phase: str) -> dict[str, Any]:
    return {"version": 7, "phase": phase, "until": "2026-11-25T01:02:00Z"}


def test_a_trial_waits_for_the_check_and_says_what_to_do(
    daemon: Daemon, capsys: Captured, all_well: dict[str, Any]
) -> None:
    with daemon(status=all_well | {"trial": trial("waiting")}, **{"site.try": TRIED}) as asked:
        assert main(["--lang", "en", "site", "apply", "--confirm-within", "120"]) == 0
        assert ("site.try", {"version": None, "seconds": 120}) in asked
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1. Change the rules."
    assert "Word: abcde-fghjk" in lines
    assert lines[-1].startswith("What worked before works now.")


def test_a_trial_that_was_undone_says_why(daemon: Daemon, capsys: Captured, all_well: dict[str, Any]) -> None:
    undone = version(7, "returned", reason={"ja": "回線が切れました。", "en": "The line is down."})
    answers: dict[str, Any] = {"site.try": TRIED, "site.history": {"versions": [undone]}}
    with daemon(status=all_well, **answers):
        assert main(["--lang", "ja", "apply", "--confirm-within", "60"]) == 1
    assert capsys.readouterr().err == "元に戻しました。回線が切れました。\n"


def test_nothing_to_try(daemon: Daemon, capsys: Captured) -> None:
    with daemon(**{"site.try": {"changes": [], "version": None, "token": ""}}):
        assert main(["--lang", "en", "site", "apply", "--confirm-within", "60"]) == 0
    assert capsys.readouterr().out == "Nothing to change.\n"


def test_the_word_is_read_and_never_an_argument(
    daemon: Daemon, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("abcde-fghjk\n"))
    with daemon(**{"site.confirm": True}) as asked:
        assert main(["--lang", "en", "site", "confirm"]) == 0
        assert asked == [("site.confirm", {"token": "abcde-fghjk"})]
    assert capsys.readouterr().out == "Confirmed: it stays in force.\n"
    assert main(["site", "confirm", "abcde-fghjk"]) == 2


def test_cancel_and_refusals(daemon: Daemon, capsys: Captured) -> None:
    with daemon(**{"site.cancel": True, "site.confirm": SekishoError("trial.none", "ありません。", "There is none.")}):
        assert main(["--lang", "en", "site", "cancel"]) == 0
        assert main(["--lang", "en", "site", "return", "x"]) == 2
    assert capsys.readouterr().out.startswith("The trial was given up")


def test_return_names_the_file_that_it_leaves_alone(daemon: Daemon, capsys: Captured) -> None:
    with daemon(apply={"changes": CHANGES, "seconds": 0.4}) as asked:
        assert main(["--lang", "en", "site", "return", "5"]) == 0
        assert asked == [("apply", {"version": 5})]
    assert capsys.readouterr().out.splitlines()[-1].startswith("/etc/sekisho/site.toml is unchanged")


def test_history(daemon: Daemon, capsys: Captured) -> None:
    late = {"ja": "時間内に確認されませんでした。", "en": "it was not confirmed in time."}
    versions = [
        version(9, None),
        version(8, "returned", reason=late),
        version(7, "applied", in_force=True, copy_of=5),
        version(6, None, trial=False),
    ]
    with daemon(**{"site.history": {"versions": versions}}):
        assert main(["--lang", "en", "site", "history"]) == 0
        assert capsys.readouterr().out.splitlines() == [
            "Version  Time (JST)           By                Account       Ended",
            "9        2026-11-25 10:00:00  operator (uid 0)  3 (01234567)  on trial now",
            "8        2026-11-25 10:00:00  operator (uid 0)  3 (01234567)  "
            "tried and undone: it was not confirmed in time.",
            "7        2026-11-25 10:00:00  operator (uid 0)  3 (01234567)  applied (back to version 5) (in force)",
            "6        2026-11-25 10:00:00  operator (uid 0)  3 (01234567)  open",
        ]
        assert main(["site", "history", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"versions": versions}


def test_the_history_names_whoever_had_logged_in(daemon: Daemon, capsys: Captured) -> None:
    by = version(8, "applied", role="vendor", uid=990, name="sato")
    with daemon(**{"site.history": {"versions": [by]}}):
        assert main(["--lang", "en", "site", "history"]) == 0
    assert "  vendor sato  " in capsys.readouterr().out


def test_diff(daemon: Daemon, capsys: Captured) -> None:
    account = {"before": {"serial": 3, "fingerprint": "a" * 64}, "after": {"serial": 4, "fingerprint": "b" * 64}}
    answer = {"settings": ["-a = 1", "+a = \x1b[31m2"], "account": account, "changes": CHANGES}
    with daemon(**{"site.diff": answer}) as asked:
        assert main(["--lang", "en", "site", "diff"]) == 0
        assert main(["--lang", "en", "site", "diff", "3", "4", "--json"]) == 0
        assert [params for _, params in asked] == [{"before": None, "after": None}, {"before": 3, "after": 4}]
    assert capsys.readouterr().out.splitlines()[:5] == [
        "-a = 1",
        "+a = \ufffd[31m2",
        "Account: 3 (aaaaaaaa) → 4 (bbbbbbbb)",
        "Put in force, this would change:",
        "1. Change the rules.",
    ]
    with daemon(**{"site.diff": {"settings": [], "account": None, "changes": []}}):
        main(["--lang", "en", "site", "diff"])
    assert capsys.readouterr().out == "There is no difference.\n"


def test_the_status_tells_of_a_trial(all_well: dict[str, Any]) -> None:
    assert "On trial" not in render(all_well, ("en",), colour=False)
    assert "On trial    7 (→ 2026-11-25 10:02:00)" in render(
        all_well | {"trial": trial("checking")}, ("en",), colour=False
    )
