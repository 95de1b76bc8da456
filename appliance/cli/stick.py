"""`sekisho stick`: what is on the memory sticks that are plugged in."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from appliance.cli.words import add_json, print_json, say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

_KINDS = {"account": "接続アカウント / account", "firmware": "ファームウェア / firmware"}


def register(subparsers: Subparsers) -> None:
    stick = subparsers.add_parser("stick", help="USB メモリーの中身を見る / what is on the memory sticks")
    add_json(stick)
    stick.set_defaults(func=_stick)


def _stick(args: argparse.Namespace) -> int:
    answer = Client().call("sticks.list")
    if args.json:
        print_json(answer)
        return 0
    for file in answer["files"]:
        print(f"{_KINDS[file['kind']]:28} {file['path']}")
    if not answer["files"]:
        say(
            args,
            Text(
                "関所が使うファイルのある USB メモリーはありません。",
                "There is no memory stick with a file that is for Sekisho.",
            ),
        )
    return 0
