"""`sekisho site check` and `sekisho site show`, through `main`, against a real socket."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.main import main

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]


def test_site_check_says_all_and_needs_no_daemon(tmp_path: Path, capsys: Captured) -> None:
    file = tmp_path / "site.toml"
    file.write_text('language = "fr"\n[wan]\nkind = "dhcp"\ninterface = "wan0"\n')
    assert main(["site", "check", str(file)]) == 1
    assert capsys.readouterr() == (
        "",
        "エラー: lan: 書かれていませんので、院内 LAN の設定（[lan] の行と interface など） を書いてください。\n"
        "error: lan: it is missing; write the clinic LAN (a line [lan], then interface and so on).\n"
        'エラー: language（1 行目）: "fr" は使えませんので、"ja" か "en" を書いてください。\n'
        'error: language (line 1): "fr" cannot be used; write "ja" or "en".\n',
    )
    file.write_text('[wan]\nkind = "dhcp"\ninterface = "wan0"\n[lan]\ninterface = "lan0"\naddress = "192.0.2.1/26"\n')
    assert main(["site", "check", "--lang", "en", str(file)]) == 0
    assert capsys.readouterr().out == f"{file} is correct.\n"
    assert main(["site", "check", "--lang", "en", str(tmp_path / "none")]) == 1
    assert "there is no settings file" in capsys.readouterr().err


def test_site_show(daemon: Daemon, capsys: Captured) -> None:
    with daemon(site_show={"toml": "# 院内\n", "in_force": True}):
        assert main(["site", "show"]) == 0
    assert capsys.readouterr() == ("# 院内\n", "")
    with daemon(site_show={"toml": "# 院内\n", "in_force": False}):
        assert main(["site", "show", "--lang", "en"]) == 0
    captured = capsys.readouterr()
    assert captured.out == "# 院内\n"
    assert "not in force at present" in captured.err
