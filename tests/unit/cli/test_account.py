"""`sekisho account`: taking one in, and what it shows, through `main`, against a real socket."""

import base64
import io
import json
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from appliance.cli.main import main
from appliance.errors import SekishoError

Daemon = Callable[..., AbstractContextManager[Any]]
Captured = pytest.CaptureFixture[str]
ACCOUNT = {"serial": 4, "clinic": {"id": "c0001", "name": {"ja": "みほん医院", "en": "Sample Clinic"}}}


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    file = tmp_path / "clinic.sekisho"
    file.write_bytes(b"\x00sealed\xff")
    return file


def test_account_import_reads_the_code_from_standard_input(
    daemon: Daemon, sealed: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("ABCD-EFGH \nrest\n"))
    with daemon(status={}, account_import=ACCOUNT) as asked:
        assert main(["account", "import", str(sealed)]) == 0
    assert asked[1:] == [
        ("account.import", {"file": base64.b64encode(b"\x00sealed\xff").decode(), "code": "ABCD-EFGH"})
    ]
    captured = capsys.readouterr()
    assert captured.out == (
        "みほん医院（c0001）の接続アカウント（番号 4）を取り込みました。\n"
        "The connection account of Sample Clinic (c0001), serial 4, was taken in.\n"
        "まだ働いていません。次に「sekisho plan」で確かめ、「sekisho apply」で反映してください。\n"
        "It is not in force yet: look at `sekisho plan`, then run `sekisho apply`.\n"
    )
    assert "ABCD" not in captured.out + captured.err


def test_account_import_reads_the_code_from_a_file(daemon: Daemon, sealed: Path, tmp_path: Path) -> None:
    code = tmp_path / "code"
    code.write_text("ABCD-EFGH\n")
    code.chmod(0o600)
    with daemon(status={}, account_import=ACCOUNT) as asked:
        assert main(["account", "import", "--code-file", str(code), str(sealed)]) == 0
    assert asked[1][1]["code"] == "ABCD-EFGH"


def test_account_import_refused(
    daemon: Daemon, sealed: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("wrong\n"))
    with daemon(
        status={}, account_import=SekishoError("account.wrong-code", "コードが違います。", "The code is wrong.")
    ):
        assert main(["account", "import", str(sealed)]) == 1
    assert capsys.readouterr() == ("", "エラー: コードが違います。\nerror: The code is wrong.\n")


def test_account_import_asks_for_no_code_while_nobody_could_take_it(
    socket_path: Path, sealed: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    typed = io.StringIO("ABCD-EFGH\n")
    monkeypatch.setattr(sys, "stdin", typed)
    assert main(["account", "import", "--lang", "en", str(sealed)]) == 1
    assert capsys.readouterr().err.startswith("error: Sekisho is not running")
    assert typed.tell() == 0


def test_account_import_of_no_file_and_of_a_huge_one(tmp_path: Path, capsys: Captured) -> None:
    assert main(["account", "import", str(tmp_path / "none")]) == 1
    assert "none" in capsys.readouterr().err
    huge = tmp_path / "huge"
    huge.write_bytes(bytes(1024 * 1024 + 1))
    assert main(["account", "import", "--lang", "en", str(huge)]) == 1
    assert "larger than 1 MiB" in capsys.readouterr().err


def test_account_show(daemon: Daemon, capsys: Captured) -> None:
    whole = ACCOUNT | {
        "issuer": "desk.dc.example",
        "not_before": "2026-11-01T00:00:00+00:00",
        "expires": "2027-11-01T00:00:00+00:00",
        "days_left": 343,
        "wireguard_public_key": "A" * 43 + "=",
        "path": "tunnels",
        "tunnels": [],
        "dns": ["203.0.113.5"],
        "monitoring": [],
        "maintainers": [],
        "ntp": [],
        "page": None,
        "revocations": [],
        "services": [],
        "identity": [],
        "trust_anchors": [],
        "terminal_anchors": [],
    }
    with daemon(account_show=whole):
        assert main(["account", "show"]) == 0
        assert "みほん医院 / Sample Clinic (c0001)" in capsys.readouterr().out
        assert main(["account", "show", "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == whole


def test_the_desk_s_commands_are_there(tmp_path: Path, capsys: Captured) -> None:
    key, public = tmp_path / "desk.key", tmp_path / "desk-keys.json"
    arguments = ["account", "keygen", "--key", str(key), "--public", str(public)]
    assert main(arguments) == 0
    assert public.exists()
    capsys.readouterr()
    assert main([*arguments, "--lang", "en"]) == 1
    assert capsys.readouterr().err.startswith("error: ")
