"""The command line itself, through `main`: languages, pipes, signals, and what its start costs."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from appliance import __version__
from appliance.cli.main import main

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]


def test_no_daemon(socket_path: Path, capsys: Captured) -> None:
    assert main(["status"]) == 1
    error = capsys.readouterr().err.splitlines()
    assert error[0].startswith("エラー: 関所が動いていない")
    assert error[1].startswith("error: Sekisho is not running")


@pytest.mark.parametrize("arguments", [[], ["fly"], ["site"], ["account"], ["plan", "--lang", "fr"], ["site", "-x"]])
def test_a_wrong_command_line_is_told_in_both_languages(arguments: list[str], capsys: Captured) -> None:
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert "エラー: コマンドの書き方が違う" in error
    assert "\nerror: " in error


@pytest.mark.parametrize("arguments", [["--help"], ["status", "-h"], ["account", "-h"], ["site", "check", "--help"]])
def test_help(arguments: list[str], capsys: Captured) -> None:
    assert main(arguments) == 0
    assert "使い方を見る / show this help" in capsys.readouterr().out


def test_version(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"sekisho {__version__}\n"


def sekisho(socket_path: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    program = (
        "import sys, pathlib; from appliance import paths; "
        f"paths.API_SOCKET = pathlib.Path({str(socket_path)!r}); "
        "from appliance.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stderr=subprocess.PIPE, **options)


def test_a_reader_that_goes_away_is_no_error(daemon: Daemon, socket_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    with daemon(metrics={"text": "a 1\n" * 100_000}):
        process = sekisho(socket_path, "metrics", stdout=write)
        os.close(write)
        assert process.communicate(timeout=60) == (None, b"")
    assert process.returncode == 141


def test_control_c_ends_a_watch(daemon: Daemon, socket_path: Path, all_well: dict[str, Any]) -> None:
    with daemon(status=all_well, subscribe=True):
        process = sekisho(socket_path, "status", "--watch", "--json", stdout=subprocess.PIPE)
        assert process.stdout
        assert json.loads(process.stdout.readline()) == all_well
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60) == (b"", b"")
    assert process.returncode == 130


def test_a_terminal_that_lacks_characters_gets_question_marks(
    daemon: Daemon, socket_path: Path, all_well: dict[str, Any]
) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    with daemon(status=all_well):
        process = sekisho(socket_path, "status", "--lang", "en", stdout=subprocess.PIPE, env=environment)
        out, error = process.communicate(timeout=60)
    assert (process.returncode, error) == (0, b"")
    assert b"? Working" in out


def test_starting_is_cheap() -> None:
    """`sekisho status` is typed often, on small machines: nothing heavy is imported for it."""
    found = subprocess.run(
        [sys.executable, "-c", "import appliance.cli.main, sys; print(*sys.modules)"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    assert not {"asyncio", "pydantic", "cryptography", "joserfc", "ssl", "appliance.cli.account_desk"} & set(found)
