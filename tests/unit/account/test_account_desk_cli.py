"""`sekisho account keygen|issue|inspect`, from making a key to looking into the account."""

from __future__ import annotations

import argparse
import io
import json
import os
import pty
import re
import subprocess
import sys
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Self

import pytest

from appliance.cli import account_desk
from appliance.errors import SekishoError


def run(*arguments: str | Path) -> int:
    parser = argparse.ArgumentParser(prog="sekisho account")
    account_desk.register(parser.add_subparsers(required=True))
    args = parser.parse_args([str(argument) for argument in arguments])
    result = args.func(args)
    assert isinstance(result, int)
    return result


@pytest.fixture
def issued(
    tmp_path: Path,
    request_file: Path,
    now: datetime,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder after keygen and issue, on the day of the request's certificates: some day the desk refuses them."""

    class ThatDay(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(now.timestamp(), tz)

    monkeypatch.setattr(account_desk, "datetime", ThatDay)
    assert run("keygen", "--key", tmp_path / "desk.jwk", "--public", tmp_path / "desk-keys.json") == 0
    assert run("issue", request_file, "--key", tmp_path / "desk.jwk", "--out", tmp_path / "out") == 0
    printed = capsys.readouterr()
    assert [Path(line).name for line in printed.out.splitlines()[1:]] == [
        "clinic-0042-7.sekisho-account",
        "clinic-0042-7.letter.txt",
        "clinic-0042.concentrator.json",
    ]
    assert all(Path(line).exists() for line in printed.out.splitlines()[1:])
    assert "presented:receipt-gate" in printed.err
    assert code_in(tmp_path).replace("-", "") not in printed.out + printed.err
    return tmp_path


def code_in(folder: Path) -> str:
    text = (folder / "out" / "clinic-0042-7.letter.txt").read_text(encoding="utf-8")
    return "-".join(group.replace(" ", "") for group in re.findall(r"group \d      ([0-9A-Z ]{9})", text))


def inspect_arguments(folder: Path) -> list[str | Path]:
    return ["inspect", folder / "out" / "clinic-0042-7.sekisho-account", "--desk-keys", folder / "desk-keys.json"]


def test_keygen_keeps_secrets_and_never_overwrites(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("keygen", "--key", tmp_path / "desk.jwk", "--public", tmp_path / "desk-keys.json")
    assert run(*arguments) == 0
    key = json.loads((tmp_path / "desk.jwk").read_text())
    assert (tmp_path / "desk.jwk").stat().st_mode & 0o777 == 0o600
    assert capsys.readouterr().out == key["kid"] + "\n"
    with pytest.raises(SekishoError) as caught:
        run(*arguments)
    assert caught.value.code == "account.desk-key-exists"
    assert json.loads((tmp_path / "desk.jwk").read_text()) == key


def test_keygen_adds_to_an_existing_set(tmp_path: Path) -> None:
    for number in (1, 2):
        run("keygen", "--key", tmp_path / f"{number}.jwk", "--public", tmp_path / "desk-keys.json")
    listed = {key["kid"] for key in json.loads((tmp_path / "desk-keys.json").read_text())["keys"]}
    assert listed == {json.loads((tmp_path / f"{number}.jwk").read_text())["kid"] for number in (1, 2)}


def test_inspect_with_the_code_on_standard_input(
    issued: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(code_in(issued).lower() + "\nmore\n"))
    assert run(*inspect_arguments(issued)) == 0
    printed = capsys.readouterr().out
    assert "れいわ診療所 / Reiwa Clinic (clinic-0042)" in printed
    assert printed.endswith(")\n")


def test_inspect_with_the_code_in_a_file(issued: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code_file = issued / "code.txt"
    code_file.touch(mode=0o600)
    code_file.write_text(code_in(issued) + "\n")
    assert run(*inspect_arguments(issued), "--json", "--code-file", code_file) == 0
    view = json.loads(capsys.readouterr().out)
    assert view["clinic"]["id"] == "clinic-0042"
    code_file.chmod(0o644)
    with pytest.raises(SekishoError) as caught:
        run(*inspect_arguments(issued), "--code-file", code_file)
    assert caught.value.code == "account.secret-exposed"


def test_the_code_typed_at_a_terminal_is_not_echoed(issued: Path) -> None:
    """A real pseudo-terminal: getpass must find it and turn the echo off."""
    script = (
        "import argparse, sys\n"
        "from appliance.cli import account_desk\n"
        "parser = argparse.ArgumentParser()\n"
        "account_desk.register(parser.add_subparsers())\n"
        "args = parser.parse_args()\n"
        "sys.exit(args.func(args))\n"
    )
    master, terminal = pty.openpty()
    arguments = [str(argument) for argument in inspect_arguments(issued)]
    with subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        start_new_session=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONWARNINGS": "error"},
    ) as process:
        os.close(terminal)
        asked = b""
        while b"Activation code: " not in asked:
            asked += os.read(master, 1000)
        os.write(master, code_in(issued).encode() + b"\n")
        assert process.stdout is not None
        shown = process.stdout.read()
        assert process.wait(timeout=60) == 0
    echoed = b""
    try:
        while piece := os.read(master, 1000):
            echoed += piece
    except OSError:
        pass  # EIO: the other end is closed and all was read.
    os.close(master)
    assert "入力した文字は画面に出ません" in asked.decode()
    assert b"clinic-0042" in shown
    assert code_in(issued).encode() not in asked + echoed + shown


def test_inspect_says_what_is_wrong(
    issued: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = inspect_arguments(issued)
    monkeypatch.setattr(sys, "stdin", io.StringIO("AAAAA\n"))
    with pytest.raises(SekishoError) as caught:
        run(*arguments)
    assert caught.value.code == "account.code-typo"
    arguments[1] = tmp_path / "absent"
    with pytest.raises(SekishoError) as caught:
        run(*arguments)
    assert caught.value.code == "account.file-unreadable"


def test_registering_loads_no_cryptography() -> None:
    script = (
        "import argparse, sys\n"
        "from appliance.cli import account_desk\n"
        "account_desk.register(argparse.ArgumentParser().add_subparsers())\n"
        "sys.exit(any(name.split('.')[0] in ('cryptography', 'joserfc', 'pydantic') for name in sys.modules))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, timeout=60).returncode == 0


def test_loading_the_store_does_not_load_the_jose_library() -> None:
    script = (
        "import sys\nimport appliance.account.store\nimport appliance.account.seal\n"
        "sys.exit(any(name.split('.')[0] in ('cryptography', 'joserfc') for name in sys.modules))\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", script], env=environment, timeout=60).returncode == 0
