"""`sekisho line password`, through `main`, against a real socket."""

import io
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from appliance.cli.main import main

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]


def test_a_line_s_password_is_read_and_never_shown(
    daemon: Daemon, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Spaces may belong to it, and only the line's end does not.
    monkeypatch.setattr(sys, "stdin", io.StringIO(" pass word \r\nrest\n"))
    with daemon(status={}, **{"line.password": True}) as asked:
        assert main(["line", "password", "--lang", "en", "wan"]) == 0
    assert asked[1:] == [("line.password", {"line": "wan", "password": " pass word "})]
    captured = capsys.readouterr()
    assert captured.out == "The password of line wan was taken in. If that line is in force, it logs in anew.\n"
    assert "pass word" not in captured.out + captured.err
    assert main(["line", "password", "wan", "secret"]) == 2
