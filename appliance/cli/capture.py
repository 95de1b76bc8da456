"""`sekisho capture …`: packets as they pass, headers only unless asked otherwise."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.cli.columns import table
from appliance.cli.words import add_json, languages, print_json, say
from appliance.control.client import Client
from appliance.files import write_atomically
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

STOP_TIMEOUT = 20.0
"""Seconds."""


def register(subparsers: Subparsers) -> None:
    start = subparsers.add_parser("start", help="記録を始める / begin a capture")
    start.add_argument("place", help="区画、回線、トンネルの名前 / name of a segment, a line or a tunnel")
    start.add_argument("--seconds", type=int, default=60, help="秒数 / for so long (1-600)")
    start.add_argument("--kilobytes", type=int, default=2048, help="大きさの上限 / at most so much (16-8192)")
    start.add_argument(
        "--payload",
        action="store_true",
        help="中身も記録する（患者の情報が入ることがあります）/ whole packets, which may hold patients' data",
    )
    start.set_defaults(func=_start)

    stop = subparsers.add_parser("stop", help="記録を終える / end it")
    stop.set_defaults(func=_stop)

    listing = subparsers.add_parser("list", help="記録の一覧 / what is there")
    add_json(listing)
    listing.set_defaults(func=_list)

    get = subparsers.add_parser("get", help="記録を取り出す（pcap）/ take one out (pcap)")
    get.add_argument("name", help="一覧にある名前 / a name of the list")
    get.add_argument("--out", type=Path, metavar="FILE", help="書き出す先 / where to (default: its name)")
    get.set_defaults(func=_get)


def _start(args: argparse.Namespace) -> int:
    order = {"place": args.place, "seconds": args.seconds, "kilobytes": args.kilobytes, "payload": args.payload}
    begun = Client().call("capture.start", order)
    what = Text("パケットの中身も", "whole packets") if args.payload else Text("見出しだけを", "headers only")
    say(
        args,
        Text(
            f"{begun['interface']} で、{what.ja}{args.seconds} 秒間記録します（{begun['name']}）。"
            f"「sekisho capture get {begun['name']}」で取り出せます。",
            f"Capturing {what.en} at {begun['interface']} for {args.seconds} s; "
            f"take it out with `sekisho capture get {begun['name']}`.",
        ),
    )
    return 0


def _stop(args: argparse.Namespace) -> int:
    if Client().call("capture.stop", timeout=STOP_TIMEOUT)["stopped"]:
        say(args, Text("記録を終えました。", "The capture has ended."))
    else:
        say(args, Text("続いている記録はありません。", "Nothing is being captured."))
    return 0


def _list(args: argparse.Namespace) -> int:
    shown = Client().call("capture.list")
    if args.json:
        print_json(shown)
        return 0
    running = [{**shown["running"], "packets": "…"}] if shown["running"] else []
    rows = [
        [one["name"], str(one["bytes"]), str(one.get("packets", "?")), _what(one, args)]
        for one in (*running, *shown["captures"])
    ]
    if not rows:
        say(args, Text("記録はありません。", "There is no capture."))
        return 0
    print("\n".join(table([["NAME", "BYTES", "PACKETS", ""], *rows])))
    return 0


def _what(one: dict[str, Any], args: argparse.Namespace) -> str:
    text = Text("中身も", "whole packets") if one.get("payload") else Text("見出しだけ", "headers only")
    return " / ".join(text.in_language(language) for language in languages(args))


def _get(args: argparse.Namespace) -> int:
    out = args.out or Path(args.name)
    found = Client().call("capture.read", {"name": args.name}, timeout=60.0)
    # What was captured is nobody else's business.
    write_atomically(out, base64.b64decode(found["data"]))
    say(args, Text(f"{out} に書き出しました。", f"Written to {out}."))
    return 0
