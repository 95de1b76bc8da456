"""`sekisho explain TERMINAL HOST PORT`: whether it passes, by which rule, and whether the kernel agrees."""

from __future__ import annotations

import argparse
from typing import Any

from appliance.cli.columns import printable
from appliance.cli.words import add_json, print_json, say
from appliance.control.client import Client
from appliance.text import Text

TIMEOUT = 30.0
"""Seconds."""


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("terminal", help="端末の名前、または IP アドレス / the terminal's name, or an address")
    parser.add_argument("host", help="行き先の名前、または IP アドレス / name or address of the destination")
    parser.add_argument("port", type=int, help="行き先のポート / port of the destination")
    parser.add_argument("--udp", action="store_true", help="TCP ではなく UDP / UDP instead of TCP")
    parser.add_argument("--raw", action="store_true", help="通った規則をすべて出す / also every rule that was met")
    add_json(parser)
    parser.set_defaults(func=_explain)


def _explain(args: argparse.Namespace) -> int:
    protocol = "udp" if args.udp else "tcp"
    asked = {"terminal": args.terminal, "host": args.host, "port": args.port, "protocol": protocol}
    told = Client().call("explain", asked, timeout=TIMEOUT)
    if args.json:
        print_json(told)
    else:
        _show(told, args)
    kernel = told["kernel"]
    if kernel is not None and kernel["agrees"] is False:
        return 3
    return 0 if told["end"] == "passes" else 1


def _show(told: dict[str, Any], args: argparse.Namespace) -> None:
    say(args, _text(told["says"]))
    for number, missing in enumerate(told["missing"]):
        indent = "" if number == 0 else "  - "
        say(args, Text(f"{indent}{printable(missing['ja'])}", f"{indent}{printable(missing['en'])}"))
    kernel = told["kernel"]
    if kernel is not None:
        say(args, _text(kernel["says"]))
    if args.raw or (kernel is not None and kernel["agrees"] is False):
        say(args, Text("規則によれば:", "By the rules:"))
        print("".join(f"  {printable(step)}\n" for step in told["path"]), end="")
        say(args, Text("カーネル:", "The kernel:"))
        print("".join(f"  {printable(step)}\n" for step in (kernel or {"path": []})["path"]), end="")


def _text(text: dict[str, str]) -> Text:
    return Text(printable(text["ja"]), printable(text["en"]))
