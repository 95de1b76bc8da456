"""The other commands, through `main`, against a real socket."""

import base64
import io
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
from appliance.errors import SekishoError

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
ACCOUNT = {"serial": 4, "clinic": {"id": "c0001", "name": {"ja": "みほん医院", "en": "Sample Clinic"}}}


# ---- plan, apply, down, metrics ------------------------------------------------------------------


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


# ---- account -----------------------------------------------------------------------------------------


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


# ---- site ---------------------------------------------------------------------------------------------


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


# ---- audit --------------------------------------------------------------------------------------------


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


# ---- access -------------------------------------------------------------------------------------------


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


# ---- the command line itself -------------------------------------------------------------------------


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


# ---- tunnel ------------------------------------------------------------------------------------------


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
