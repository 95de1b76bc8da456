"""`sekisho apply`, `sekisho site apply|return|confirm|cancel`: settings into force, at once or on trial."""

from __future__ import annotations

import argparse
import sys
import time
from typing import TYPE_CHECKING, Any

from appliance.cli.sentences import list_changes
from appliance.cli.words import add_json, print_json, say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

APPLY_TIMEOUT = 180.0
"""Seconds: the slowest step is starting the helper daemons on a small machine."""
LOOK_EVERY = 0.5
"""Seconds."""


def register_apply(subparsers: Subparsers) -> None:
    apply = subparsers.add_parser("apply", help="設定を反映する / put the settings in force")
    _add_trial(apply)
    apply.set_defaults(func=_apply, version=None)


def register(subparsers: Subparsers) -> None:
    register_apply(subparsers)

    back = subparsers.add_parser("return", help="前の版に戻す / go back to an earlier version")
    back.add_argument("version", type=int, help="版の番号（site history で見られます）/ its number (site history)")
    _add_trial(back)
    back.set_defaults(func=_apply)

    confirm = subparsers.add_parser(
        "confirm",
        help="試している変更を確定する / keep the change that is on trial",
        description="合言葉は、画面でたずねるか、標準入力の 1 行目から読みます。"
        " / The word is asked for, or read from the first line of standard input.",
    )
    confirm.set_defaults(func=_confirm)

    cancel = subparsers.add_parser(
        "cancel", help="試している変更をやめて元に戻す / give up the change that is on trial"
    )
    cancel.set_defaults(func=_cancel)


def _add_trial(parser: argparse.ArgumentParser) -> None:
    add_json(parser)
    parser.add_argument(
        "--confirm-within",
        type=int,
        metavar="SECONDS",
        help="試しに反映し、この秒数のうちに確認しなければ元に戻す / on trial: undone unless confirmed in time",
    )


def _apply(args: argparse.Namespace) -> int:
    if args.confirm_within is not None:
        return _try(args)
    result = Client().call("apply", {"version": args.version}, timeout=APPLY_TIMEOUT)
    if args.json:
        print_json(result)
    elif changes := result["changes"]:
        count, seconds = list_changes(changes, args), f"{result['seconds']:.1f}"
        say(args, Text(f"{count} 件を変更しました（{seconds} 秒）。", f"Changes made: {count} ({seconds} s)."))
    else:
        say(args, Text("変更するところはありませんでした。", "Nothing had to change."))
    if args.version is not None and not args.json:
        _remind_of_the_file(args)
    return 0


def _try(args: argparse.Namespace) -> int:
    client, seconds = Client(), args.confirm_within
    result = client.call("site.try", {"version": args.version, "seconds": seconds}, timeout=APPLY_TIMEOUT)
    if args.json:
        print_json(result)
        return 0
    version = result["version"]
    if version is None:
        say(args, Text("変更するところはありません。", "Nothing to change."))
        return 0
    list_changes(result["changes"], args)
    say(
        args,
        Text(
            f"版 {version} を試しています。{seconds} 秒以内に確認しなければ、自動で元に戻ります。",
            f"Version {version} is on trial: unless it is confirmed within {seconds} s, it is undone by itself.",
        ),
    )
    say(args, Text(f"合言葉: {result['token']}", f"Word: {result['token']}"))
    say(args, Text("前と同じように働くか、確かめています…", "Checking that all works as before…"))
    sys.stdout.flush()
    while (trial := client.call("status")["trial"]) is not None and trial["phase"] == "checking":
        time.sleep(LOOK_EVERY)
    if trial is None or trial["version"] != version or trial["phase"] != "waiting":
        return _tell_the_end(args, client, version)
    say(
        args,
        Text(
            "前に正常だったものは、いまも正常です。端末からも使えることを確かめてから、"
            "「sekisho site confirm」を実行して合言葉を入力してください。",
            "What worked before works now. Make sure that the terminals work too, then run `sekisho site confirm` "
            "and type the word.",
        ),
    )
    if args.version is not None:
        _remind_of_the_file(args)
    return 0


def _tell_the_end(args: argparse.Namespace, client: Client, version: int) -> int:
    """Of a trial that is over, or being undone, before anybody could confirm it."""
    while (trial := client.call("status")["trial"]) is not None and trial["version"] == version:
        time.sleep(LOOK_EVERY)
    told = next(item for item in client.call("site.history")["versions"] if item["number"] == version)
    if told["ending"] == "confirmed":
        say(args, Text("確認が済み、この版が反映されました。", "It was confirmed and is in force."))
        return 0
    reason = told["reason"] or {"ja": "", "en": ""}
    say(args, Text(f"元に戻しました。{reason['ja']}", f"It was undone: {reason['en']}"), sys.stderr)
    return 1


def _remind_of_the_file(args: argparse.Namespace) -> None:
    say(
        args,
        Text(
            "/etc/sekisho/site.toml は書き換えていません。次の変更の前に「sekisho site show」の内容を写してください。",
            "/etc/sekisho/site.toml is unchanged: before another change, copy what `sekisho site show` prints.",
        ),
    )


def _confirm(args: argparse.Namespace) -> int:
    if sys.stdin.isatty():
        print("合言葉 / Word: ", end="", file=sys.stderr, flush=True)
    Client().call("site.confirm", {"token": sys.stdin.readline().strip()})
    say(args, Text("確定しました。", "Confirmed: it stays in force."))
    return 0


def _cancel(args: argparse.Namespace) -> int:
    Client().call("site.cancel", timeout=APPLY_TIMEOUT)
    say(args, Text("試していた変更をやめて、元に戻しました。", "The trial was given up, and all is as before."))
    return 0
