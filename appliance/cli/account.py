"""`sekisho account …`: the router's connection account, and beside it the data center's desk."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.cli import account_desk
from appliance.cli.words import print_json, say
from appliance.control.client import Client
from appliance.errors import SekishoError
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

MAX_BYTES = 1024 * 1024
"""Of an account file: its base64 form fits the local API's longest line."""
IMPORT_TIMEOUT = 60.0
"""Seconds: deriving a key from the activation code is slow on purpose."""


def register(subparsers: Subparsers) -> None:
    take = subparsers.add_parser(
        "import",
        help="接続アカウントを取り込む / take a connection account in",
        description="アクティベーションコードは、画面でたずねるか、標準入力の 1 行目か --code-file から読みます。"
        " / The activation code is asked for, or read from the first line of standard input or of --code-file.",
    )
    take.add_argument("file", type=Path, help="接続アカウントのファイル / the account file")
    take.add_argument("--code-file", type=Path, help="コードを 1 行目に書いたファイル / file with the code in line 1")
    take.set_defaults(func=_import)

    show = subparsers.add_parser("show", help="いまの接続アカウントを見る（秘密は出さない）/ show it without secrets")
    show.add_argument("--json", action="store_true", help="JSON で出す / as JSON")
    show.set_defaults(func=_show)

    account_desk.register(subparsers)


def _import(args: argparse.Namespace) -> int:
    sealed = _read(args.file)
    client = Client()
    # Nobody should type 25 characters from a letter only to hear that the daemon does not run.
    client.call("status")
    params = {"file": base64.b64encode(sealed).decode("ascii"), "code": account_desk.read_code(args.code_file).strip()}
    account = client.call("account.import", params, timeout=IMPORT_TIMEOUT)
    clinic, serial = account["clinic"], account["serial"]
    say(
        args,
        Text(
            f"{clinic['name']['ja']}（{clinic['id']}）の接続アカウント（番号 {serial}）を取り込みました。",
            f"The connection account of {clinic['name']['en']} ({clinic['id']}), serial {serial}, was taken in.",
        ),
    )
    say(
        args,
        Text(
            "まだ働いていません。次に「sekisho plan」で確かめ、「sekisho apply」で反映してください。",
            "It is not in force yet: look at `sekisho plan`, then run `sekisho apply`.",
        ),
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    account = Client().call("account.show")
    if args.json:
        print_json(account)
    else:
        from appliance.account.inspect import pretty

        print(pretty(account), end="")
    return 0


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        from appliance.account.secret_file import unreadable

        raise unreadable(path, error) from None
    if len(data) > MAX_BYTES:
        raise SekishoError(
            "account.file-too-large",
            f"{path} は 1 MiB を超えていて接続アカウントとは思えませんので、正しいファイルか確かめてください。",
            f"{path} is larger than 1 MiB and so no connection account: check that it is the right file.",
        )
    return data
