"""`sekisho tunnel pin|drain`: which tunnel the operator wants to carry."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from appliance.cli.words import say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]


def register(subparsers: Subparsers) -> None:
    pin = subparsers.add_parser("pin", help="使うトンネルを決める / choose the tunnel to use whenever it lives")
    which = pin.add_mutually_exclusive_group(required=True)
    which.add_argument("name", nargs="?", metavar="NAME", help="トンネルの名前 / name of the tunnel")
    which.add_argument("--auto", action="store_true", help="ルーターに任せる / leave the choice to the router")
    pin.set_defaults(func=_pin)

    drain = subparsers.add_parser("drain", help="トンネルを空ける / move all traffic off a tunnel")
    drain.add_argument("name", metavar="NAME", help="トンネルの名前 / name of the tunnel")
    drain.add_argument("--back", action="store_true", help="また使う / take it back into use")
    drain.set_defaults(func=_drain)


def _pin(args: argparse.Namespace) -> int:
    pinned = Client().call("tunnel.pin", {"tunnel": args.name})["pinned"]
    if pinned is None:
        say(args, Text("使うトンネルはルーターが選びます。", "The router chooses the tunnel."))
    else:
        say(
            args,
            Text(
                f"トンネル {pinned} が通じるあいだは、いつもこれを使います。「sekisho tunnel pin --auto」で戻せます。",
                f"Tunnel {pinned} is used whenever it lives; `sekisho tunnel pin --auto` takes that back.",
            ),
        )
    return 0


def _drain(args: argparse.Namespace) -> int:
    drained = Client().call("tunnel.drain", {"tunnel": args.name, "back": args.back})["drained"]
    if args.name in drained:
        say(
            args,
            Text(
                f"トンネル {args.name} を空けました。「sekisho tunnel drain {args.name} --back」で戻せます。",
                f"Tunnel {args.name} is drained; `sekisho tunnel drain {args.name} --back` takes that back.",
            ),
        )
    else:
        say(args, Text(f"トンネル {args.name} をまた使います。", f"Tunnel {args.name} is in use again."))
    return 0
