"""`sekisho status`: what a person at the terminal sees."""

import json
import os
import pty
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.columns import printable, table, width
from appliance.cli.main import main
from appliance.cli.status_view import WORDS, render
from appliance.cli.words import may_colour
from tests.golden import golden
from webui.words.status import STATES

Daemon = Callable[..., AbstractContextManager[Any]]
GOLDEN = Path(__file__).parent / "golden"
OWN_PAGE = {
    "urls": ["https://192.0.2.1/", "https://sekisho.lan/"],
    "is_vouched": False,
    "ends": "2027-12-01T00:00:00+00:00",
    "certificate_sha256": "ab12" * 16,
    "key_sha256": "cd34" * 16,
}


@pytest.mark.parametrize("lang", ["both", "ja", "en"])
@pytest.mark.parametrize("scene", ["broken_line", "all_well"])
def test_golden(
    lang: str, scene: str, daemon: Daemon, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    status = request.getfixturevalue(scene)
    page = {"page.show": OWN_PAGE} if scene == "all_well" else {}
    with daemon(status=status, **page):
        code = main(["status", "--lang", lang])
    printed = capsys.readouterr().out
    assert printed == golden(GOLDEN / f"status.{scene.replace('_', '-')}.{lang}.txt", printed)
    assert code == (1 if scene == "broken_line" else 0)


@pytest.mark.parametrize(("state", "code"), [("ok", 0), ("warning", 0), ("failed", 1), ("unknown", 3)])
def test_exit_status_is_the_headline_s(
    state: str, code: int, daemon: Daemon, all_well: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    all_well["headline"]["state"] = state
    with daemon(status=all_well):
        assert main(["status"]) == code
        assert main(["status", "--json"]) == code


def test_json_is_the_document(daemon: Daemon, all_well: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    with daemon(status=all_well):
        main(["status", "--json"])
    printed = capsys.readouterr().out
    assert json.loads(printed) == all_well
    assert "みほん医院" in printed


def test_watch_shows_every_status_and_says_why_it_ends(
    daemon: Daemon, all_well: dict[str, Any], broken_line: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with daemon(status=all_well, subscribe=[broken_line]):
        assert main(["status", "--watch", "--json"]) == 1
        captured = capsys.readouterr()
        assert [json.loads(line) for line in captured.out.splitlines()] == [all_well, broken_line]
        assert captured.err.startswith("エラー: 関所が途中で応答をやめた")
        assert main(["--lang", "en", "status", "--watch"]) == 1
    captured = capsys.readouterr()
    assert "● Working\n" in captured.out
    assert "✖ Failed\n" in captured.out
    assert "\x1b" not in captured.out


def test_colour_adds_nothing_but_colour(broken_line: dict[str, Any]) -> None:
    plain = render(broken_line, ("ja", "en"), colour=False)
    coloured = render(broken_line, ("ja", "en"), colour=True)
    assert "\x1b" not in plain
    assert "\x1b[1;31m✖\x1b[0m" in coloured
    stripped = coloured
    for sequence in ("\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[1;36m", "\x1b[0m"):
        stripped = stripped.replace(sequence, "")
    assert stripped == plain


def test_names_cannot_play_with_the_terminal(all_well: dict[str, Any]) -> None:
    all_well["clinic"]["name"] = {"ja": "医院\x1b[2J", "en": "Clinic\r\n"}
    all_well["lights"][0]["title"]["ja"] = "回線\x9b31m"
    assert not {"\x1b", "\r", "\x9b"} & set(render(all_well, ("ja", "en"), colour=False))


def test_every_light_is_shown_once_whatever_the_roots_say(all_well: dict[str, Any]) -> None:
    all_well["lights"][0]["root"] = "somebody-else"
    shown = render(all_well, ("en",), colour=False)
    assert shown.count("Internet line") == 1
    assert shown.count("Path to the data center") == 1


def test_the_words_for_states_are_the_page_s() -> None:
    assert WORDS == STATES


def test_times_are_japan_s_wherever_the_machine_believes_to_be(
    all_well: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = render(all_well, ("en",), colour=False)
    assert "2026-11-23 15:00:12 JST" in before
    assert before.count("JST") == 1
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert render(all_well, ("en",), colour=False) == before
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_certificate_that_browsers_trust_need_not_be_compared(all_well: dict[str, Any]) -> None:
    shown = render(all_well, ("en",), colour=False, page=OWN_PAGE | {"is_vouched": True})
    assert "https://192.0.2.1/" in shown
    assert "AB:12" not in shown


def test_no_clinic_no_vendor(all_well: dict[str, Any]) -> None:
    all_well |= {"clinic": None, "vendor": None, "carrying": None}
    assert "Clinic" not in render(all_well, ("en",), colour=False)


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "dumb"}, False), ({"TERM": "xterm", "NO_COLOR": "1"}, False)],
)
def test_colour_only_where_it_is_wanted(
    variables: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    leader, follower = pty.openpty()
    with os.fdopen(leader), os.fdopen(follower, "w") as terminal, (tmp_path / "file").open("w") as file:
        assert may_colour(terminal) is coloured
        assert not may_colour(file)


def test_columns_are_measured_in_cells() -> None:
    assert [width(text) for text in ("abc", "状態", "ｱｲ", "か\u3099", "●")] == [3, 4, 2, 2, 1]
    assert table([["状態", "x"], ["a", "yy"]]) == ["状態  x", "a     yy"]
    assert printable("a\tb\u202ec") == "a\ufffdb\ufffdc"
