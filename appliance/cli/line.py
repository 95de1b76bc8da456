"""`sekisho line find`: what kind of line is at the port, and what to write into site.toml."""

from __future__ import annotations

import argparse
import getpass
import sys
from typing import TYPE_CHECKING, Any

from appliance.cli.words import languages, print_json, say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

FIND_TIMEOUT = 30.0
SEAL_TIMEOUT = 70.0
"""Seconds, both: a TPM2 chip on a small board is slow."""


def register(subparsers: Subparsers) -> None:
    find = subparsers.add_parser("find", help="回線の種類を調べる / find out what kind of line it is")
    find.add_argument(
        "--interface", metavar="PORT", help="回線側のポート（書かないと wan.interface）/ default: wan.interface"
    )
    find.add_argument("--json", action="store_true", help="JSON で出す / as JSON")
    find.set_defaults(func=_find)

    password = subparsers.add_parser(
        "password",
        help="PPPoE のパスワードを入れる / give the password of a PPPoE line",
        description="パスワードは、画面でたずねるか、標準入力の 1 行目から読みます。"
        " / The password is asked for, or read from the first line of standard input.",
    )
    password.add_argument("line", choices=("wan", "backup_wan"), help="回線 / the line")
    password.set_defaults(func=_password)


def _find(args: argparse.Namespace) -> int:
    params = {"interface": args.interface} if args.interface else {}
    finding = Client().call("line.find", params, timeout=FIND_TIMEOUT)
    if args.json:
        print_json(finding)
    else:
        _show(finding, args)
    return 0 if finding["ways"] else 1


def _password(args: argparse.Namespace) -> int:
    client = Client()
    # Nobody should type a password from a letter only to hear that the daemon does not run.
    client.call("status")
    if sys.stdin.isatty():
        password = getpass.getpass(
            "入力した文字は画面に出ません。 / What you type is not shown.\nパスワード / Password: "
        )
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    client.call("line.password", {"line": args.line, "password": password}, timeout=SEAL_TIMEOUT)
    say(
        args,
        Text(
            f"回線 {args.line} のパスワードを入れました。この回線が反映されていれば、つなぎ直します。",
            f"The password of line {args.line} was taken in. If that line is in force, it logs in anew.",
        ),
    )
    return 0


def _show(finding: dict[str, Any], args: argparse.Namespace) -> None:
    say(args, Text(**finding["headline"]))
    for number, way in enumerate(finding["ways"], 1):
        print()
        for language in languages(args):
            print(f"{number}. {way['why'][language]}")
        say(args, Text("   site.toml の [wan] に書くこと:", "   to write below [wan] in site.toml:"))
        print("".join(f"     {line}\n" for line in way["toml"].splitlines()), end="")
    for warning in finding["warnings"]:
        print()
        for language in languages(args):
            print(f"! {warning['text'][language]}")
