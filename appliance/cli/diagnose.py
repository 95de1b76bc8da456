"""`sekisho diagnose`: checks with plain verdicts, and what was really seen beside them."""

from __future__ import annotations

import argparse
import time
from typing import Any

from appliance.cli.columns import printable
from appliance.cli.words import add_json, languages, print_json, say
from appliance.control.client import Client
from appliance.text import Text

LOOK_EVERY = 0.5
"""Seconds."""
EXIT_OF = {"ok": 0, "attention": 0, "failed": 1, "unknown": 3}
MARKS = {"ok": "○", "attention": "△", "failed": "×", "unknown": "？"}


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "checks",
        nargs="*",
        metavar="CHECK",
        help="paths, names, time, certificates, lan, throughput"
        "（書かないと、回線をふさがない診断をすべて）/ default: all that leave the line alone",
    )
    parser.add_argument("--raw", action="store_true", help="見えたものをそのまま出す / also what was really seen")
    add_json(parser)
    parser.set_defaults(func=_diagnose)


def _diagnose(args: argparse.Namespace) -> int:
    client = Client()
    wanted = client.call("diagnose.begin", {"checks": args.checks})["checks"]
    told: set[str] = set()
    while True:
        shown = {check["name"]: check for check in client.call("diagnose.show")["checks"]}
        for name in wanted:
            if shown[name]["phase"] == "idle" and name not in told:
                told.add(name)
                if not args.json:
                    _show(shown[name], args)
        if len(told) == len(wanted):
            break
        time.sleep(LOOK_EVERY)
    checks = [shown[name] for name in wanted]
    if args.json:
        print_json({"checks": checks})
    return max(EXIT_OF[check["outcome"]["state"] if check["outcome"] else "unknown"] for check in checks)


def _show(check: dict[str, Any], args: argparse.Namespace) -> None:
    say(args, Text(*(f"■ {check['title'][language]}" for language in ("ja", "en"))))
    outcome = check["outcome"]
    if outcome is None:
        say(args, Text("  途中で打ち切られました。", "  It was broken off."))
        return
    for verdict in outcome["verdicts"]:
        for number, language in enumerate(languages(args)):
            mark = MARKS[verdict["state"]] if number == 0 else " "
            print(f"  {mark} {printable(verdict['says'][language])}")
            if verdict["advice"]:
                print(f"      → {printable(verdict['advice'][language])}")
    if args.raw:
        print("".join(f"    | {printable(line)}\n" for line in outcome["raw"]), end="")
    print()
