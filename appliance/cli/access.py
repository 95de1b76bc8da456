"""`sekisho access …`: who may log in on the page. Passwords are made by the router and shown once, never typed here."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from appliance.cli.words import add_json, print_json, say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

TIMEOUT = 60.0
"""Seconds: to hash a password is slow on purpose."""


def register(subparsers: Subparsers) -> None:
    first = subparsers.add_parser(
        "first-password",
        help="出荷時に、ベンダーの最初のパスワードを作る / at manufacture: make the vendor's first password",
        description="一度だけ表示するので、本体のラベルに印刷します。 / It is shown once, for the label.",
    )
    first.set_defaults(func=lambda args: _show_made(args, Client().call("access.first_password", timeout=TIMEOUT)))

    listing = subparsers.add_parser("list", help="ログインの一覧 / the log-ins")
    add_json(listing)
    listing.set_defaults(func=_list)

    add = subparsers.add_parser("add", help="ログインを追加する / add a log-in")
    add.add_argument("name", help="ログイン名 / its name")
    add.add_argument("role", choices=("manager", "vendor", "datacenter"), help="役割 / its role")
    add.set_defaults(func=lambda args: _make(args, "access.accounts.add", name=args.name, role=args.role))

    reset = subparsers.add_parser(
        "reset",
        help="パスワードを作り直し、2 段階認証を外す / a new first password, no second factor",
    )
    reset.add_argument("name", help="ログイン名 / its name")
    reset.set_defaults(func=lambda args: _make(args, "access.accounts.reset", name=args.name))

    remove = subparsers.add_parser("remove", help="ログインを消す / remove a log-in")
    remove.add_argument("name", help="ログイン名 / its name")
    remove.set_defaults(func=_remove)

    unlock = subparsers.add_parser("unlock", help="失敗による待ち時間をなくす / end the wait after failures")
    unlock.add_argument("name", help="ログイン名 / its name")
    unlock.set_defaults(func=_unlock)


def _make(args: argparse.Namespace, method: str, **params: str) -> int:
    return _show_made(args, Client().call(method, params, timeout=TIMEOUT))


def _show_made(args: argparse.Namespace, made: dict[str, Any]) -> int:
    say(
        args,
        Text(
            f"ログイン名 {made['name']} の最初のパスワードです。二度と表示されません。",
            f"The first password of {made['name']}, which is not shown again:",
        ),
    )
    print(made["password"])
    say(
        args,
        Text("最初のログインで、別のパスワードに変えてもらいます。", "It has to be changed at the first log-in.")
        if not made["until"]
        else Text(
            f"{made['until']} までにログインし、別のパスワードに変えてください。",
            f"Log in before {made['until']} and change it.",
        ),
    )
    return 0


def _list(args: argparse.Namespace) -> int:
    answer = Client().call("access.accounts.list")
    if args.json:
        print_json(answer)
        return 0
    for one in answer["accounts"]:
        second = one["second"]
        marks = [
            *(["totp"] if second["totp"] else []),
            *([f"key×{len(second['keys'])}"] if second["keys"] else []),
            *(["first password"] if one["first"] else []),
        ]
        print(f"{one['name']:20} {one['role']:10} {' '.join(marks)}".rstrip())
    if not answer["accounts"]:
        say(args, Text("ログインはまだありません。", "There are no log-ins yet."))
    return 0


def _remove(args: argparse.Namespace) -> int:
    Client().call("access.accounts.remove", {"name": args.name})
    say(args, Text(f"ログイン名 {args.name} を消しました。", f"{args.name} was removed."))
    return 0


def _unlock(args: argparse.Namespace) -> int:
    Client().call("access.accounts.unlock", {"name": args.name})
    say(args, Text(f"{args.name} は、すぐにログインできます。", f"{args.name} may log in at once."))
    return 0
