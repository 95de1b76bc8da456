"""`sekisho access`: log-ins made on the console, through `main`, against a real socket."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from appliance.cli.main import main

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]


MADE = {"name": "vendor", "role": "vendor", "password": "abcd-efgh-jkmn-pqrs", "until": ""}


def test_the_first_password_is_shown_once(daemon: Daemon, capsys: Captured) -> None:
    with daemon(**{"access.first_password": MADE}):
        assert main(["access", "first-password", "--lang", "en"]) == 0
    assert capsys.readouterr().out == (
        "The first password of vendor, which is not shown again:\nabcd-efgh-jkmn-pqrs\n"
        "It has to be changed at the first log-in.\n"
    )


def test_log_ins_are_made_and_ended(daemon: Daemon, capsys: Captured) -> None:
    made = MADE | {"name": "kato", "until": "2026-12-05T08:00:00Z"}
    methods = {
        f"access.accounts.{name}": answer
        for name, answer in (("add", made), ("reset", made), ("remove", True), ("unlock", True))
    }
    with daemon(**methods) as asked:
        for words in (["add", "kato", "manager"], ["reset", "kato"], ["remove", "kato"], ["unlock", "kato"]):
            assert main(["access", *words]) == 0
    assert asked == [
        ("access.accounts.add", {"name": "kato", "role": "manager"}),
        ("access.accounts.reset", {"name": "kato"}),
        ("access.accounts.remove", {"name": "kato"}),
        ("access.accounts.unlock", {"name": "kato"}),
    ]
    out = capsys.readouterr().out
    assert out.count("abcd-efgh-jkmn-pqrs") == 2
    assert "Log in before 2026-12-05T08:00:00Z" in out


def test_log_ins_are_listed(daemon: Daemon, capsys: Captured) -> None:
    key = {"id": "x", "label": "blue", "added": "", "host": "router.example"}
    one = {"name": "vendor", "role": "vendor", "first": True, "until": "", "made": ""}
    answer = {"accounts": [one | {"second": {"totp": True, "keys": [key, key]}}]}
    with daemon(**{"access.accounts.list": answer}):
        assert main(["access", "list"]) == 0
        assert capsys.readouterr().out == "vendor               vendor     totp key×2 first password\n"
        assert main(["access", "list", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == answer
    with daemon(**{"access.accounts.list": {"accounts": []}}):
        assert main(["access", "list", "--lang", "en"]) == 0
    assert capsys.readouterr().out == "There are no log-ins yet.\n"


def test_no_password_is_taken_from_the_command_line(capsys: Captured) -> None:
    assert main(["access", "reset", "kato", "a-password"]) == 2
    assert main(["access", "add", "kato", "root"]) == 2
