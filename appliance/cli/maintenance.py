"""`sekisho maintenance allow|end|show`: who may look after which terminal from afar."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from appliance.cli.columns import table
from appliance.cli.moments import second
from appliance.cli.words import say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]


def register(subparsers: Subparsers) -> None:
    allow = subparsers.add_parser("allow", help="端末を遠隔保守に開く / open a terminal")
    allow.add_argument("terminal", metavar="TERMINAL", help="端末の名前 / name of the terminal")
    allow.add_argument(
        "--to", metavar="NAME", help="だれに（接続アカウントの名前）/ to whom, by a name of the account's"
    )
    allow.add_argument("--minutes", type=int, metavar="N", help="時間（分）/ for how many minutes")
    allow.set_defaults(func=_allow)
    end = subparsers.add_parser("end", help="閉じる / close")
    end.add_argument(
        "terminal", metavar="TERMINAL", nargs="?", help="端末の名前（なければすべて）/ a terminal, else all"
    )
    end.set_defaults(func=_end)
    show = subparsers.add_parser("show", help="だれがどこに入れるか / who can get in where")
    show.set_defaults(func=_show)


def _allow(args: argparse.Namespace) -> int:
    asked = {"terminal": args.terminal, "maintainer": args.to, "minutes": args.minutes}
    done = Client().call("maintenance.allow", asked)
    say(
        args,
        Text(
            f"端末 {args.terminal} に {done['maintainer']} が入れます。{done['minutes']} 分たつと自動で閉じます。",
            f"{done['maintainer']} can get in to terminal {args.terminal}; it closes by itself in {done['minutes']} "
            "minutes.",
        ),
    )
    return 0


def _end(args: argparse.Namespace) -> int:
    Client().call("maintenance.end", {"terminal": args.terminal})
    say(args, Text("遠隔保守を閉じました。", "Remote maintenance is closed."))
    return 0


def _show(args: argparse.Namespace) -> int:
    told = Client().call("status")["maintenance"]
    if not told:
        say(args, Text("遠隔保守に開ける端末はありません。", "No terminal can be opened for maintenance."))
        return 0
    rows = [["TERMINAL", "PORT", "CONNECT TO", "OPEN TO", "UNTIL"]]
    for terminal in told["terminals"]:
        who = [(one["maintainer"], second(one["until"])) for one in terminal["open"]] or [("-", "-")]
        rows += [
            [terminal["name"], str(service["port"]), service["reached_at"], *one]
            for service in terminal["services"]
            for one in who
        ]
    print("\n".join(table(rows)))
    return 0
