"""`sekisho audit`, through `main`, against a real socket."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest

from appliance.cli.main import main

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]


RECORD: dict[str, Any] = {
    "entries": [
        {
            "number": 12,
            "at": "2026-11-28T08:00:00.000Z",
            "actor": {"role": "vendor", "name": "sato", "address": "192.0.2.20"},
            "action": "site.try",
            "subject": {"version": 4, "seconds": 300},
            "outcome": "done",
            "before": "0" * 64,
            "hash": "1" * 64,
        },
        {"number": None},
    ],
    "more": True,
}


def test_the_record_is_listed(daemon: Daemon, capsys: Captured) -> None:
    with daemon(**{"audit.list": RECORD}) as asked:
        assert main(["audit", "list", "--lang", "en", "--limit", "2", "--before", "13"]) == 0
        assert capsys.readouterr().out == (
            "12  2026-11-28T08:00:00.000Z  vendor sato 192.0.2.20  site.try version=4 seconds=300  done\n"
            "?\nThere is more: --before 12\n"
        )
        assert main(["audit", "list", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == RECORD
        selected = ["--since", "2026-11-27", "--until", "2026-11-28", "--role", "vendor", "--action", "site.try"]
        assert main(["audit", "list", *selected, "--name", "sato"]) == 0
        assert main(["audit", "list", "--since", "soon"]) == 2
    days = {"since": "2026-11-27T00:00:00+09:00", "until": "2026-11-29T00:00:00+09:00"}
    assert asked == [
        ("audit.list", {"limit": 2, "before": 13}),
        ("audit.list", {"limit": 50, "before": None}),
        (
            "audit.list",
            {"limit": 50, "before": None, "role": "vendor", "name": "sato", "actions": ["site.try"], **days},
        ),
    ]


def test_the_record_is_verified(daemon: Daemon, capsys: Captured) -> None:
    whole = {"whole": True, "entries": 12, "first": 1, "last": 12, "hash": "a" * 64, "faults": []}
    with daemon(**{"audit.verify": whole}) as asked:
        assert main(["audit", "verify", "--lang", "en", "--known", f"3:{'b' * 64}"]) == 0
    assert asked == [("audit.verify", {"known": f"3:{'b' * 64}"})]
    assert capsys.readouterr().out == (
        f"Entries 1–12 are as they were written.\nNote these down elsewhere, for --known later:\n12:{'a' * 64}\n"
    )
    fault = {"kind": "changed", "text": {"ja": "3 番の記録が書き換えられています。", "en": "entry 3 was changed."}}
    with daemon(**{"audit.verify": whole | {"whole": False, "faults": [fault]}}):
        assert main(["audit", "verify"]) == 1
    assert capsys.readouterr().out == "3 番の記録が書き換えられています。\nentry 3 was changed.\n"
