"""`sekisho terminal internet|receipt`: where a terminal of the staff may go now."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from appliance.cli.words import say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]


def register(subparsers: Subparsers) -> None:
    internet = subparsers.add_parser("internet", help="インターネットに切り替える / switch it to the internet")
    internet.add_argument("name", metavar="NAME", help="端末の名前 / name of the terminal")
    internet.add_argument("--minutes", type=int, metavar="N", help="時間（分）/ for how many minutes")
    internet.set_defaults(func=_internet)
    receipt = subparsers.add_parser("receipt", help="レセプトに戻す / switch it back to the receipt engine")
    receipt.add_argument("name", metavar="NAME", help="端末の名前 / name of the terminal")
    receipt.set_defaults(func=_receipt)


def _internet(args: argparse.Namespace) -> int:
    minutes = Client().call("terminal.internet", {"terminal": args.name, "minutes": args.minutes})["minutes"]
    say(
        args,
        Text(
            f"端末 {args.name} をインターネットに切り替えました。{minutes} 分たつと自動でレセプトに戻ります。",
            f"Terminal {args.name} is on the internet; it goes back to the receipt engine in {minutes} minutes.",
        ),
    )
    return 0


def _receipt(args: argparse.Namespace) -> int:
    Client().call("terminal.receipt", {"terminal": args.name})
    say(
        args,
        Text(f"端末 {args.name} をレセプトに戻しました。", f"Terminal {args.name} is back at the receipt engine."),
    )
    return 0
