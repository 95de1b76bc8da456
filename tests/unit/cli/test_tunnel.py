"""`sekisho tunnel`, through `main`, against a real socket."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from appliance.cli.main import main

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]


def test_a_tunnel_is_pinned_and_let_go(daemon: Daemon, capsys: Captured) -> None:
    with daemon(**{"tunnel.pin": {"pinned": "dc2", "drained": []}}):
        assert main(["--lang", "en", "tunnel", "pin", "dc2"]) == 0
    assert "dc2" in capsys.readouterr().out
    with daemon(**{"tunnel.pin": {"pinned": None, "drained": []}}):
        assert main(["--lang", "en", "tunnel", "pin", "--auto"]) == 0
    assert "router chooses" in capsys.readouterr().out


def test_a_tunnel_is_drained_and_taken_back(daemon: Daemon, capsys: Captured) -> None:
    with daemon(**{"tunnel.drain": {"pinned": None, "drained": ["dc1"]}}):
        assert main(["tunnel", "drain", "dc1"]) == 0
    assert "dc1 を空けました" in capsys.readouterr().out
    with daemon(**{"tunnel.drain": {"pinned": None, "drained": []}}):
        assert main(["tunnel", "drain", "dc1", "--back"]) == 0
    assert "dc1 をまた使います" in capsys.readouterr().out


@pytest.mark.parametrize("words", [["pin"], ["pin", "dc1", "--auto"], ["drain"], ["drain", "--back"]])
def test_half_a_wish_is_refused(words: list[str], capsys: Captured) -> None:
    assert main(["tunnel", *words]) == 2
    assert capsys.readouterr().err
