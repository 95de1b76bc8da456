"""`sekisho run|status|plan|apply|down|metrics`: the router itself, asked through its local API."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from typing import TYPE_CHECKING, Any

from appliance.cli import change, status_view
from appliance.cli.sentences import list_changes
from appliance.cli.words import add_json, languages, may_colour, print_json, say
from appliance.control.client import Client
from appliance.errors import SekishoError
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

DOWN_TIMEOUT = 180.0
PLAN_TIMEOUT = 60.0
"""Seconds, both."""

EXIT_OF = {"ok": 0, "warning": 0, "failed": 1, "unknown": 3}
"""Exit status of `sekisho status` by the headline's state; 2 is argparse's for a wrong command line."""

_CLEAR = "\x1b[H\x1b[2J"

_STATUS_EPILOG = (
    "終了コード / exit status: 0 正常・注意 / working or attention, 1 異常・エラー / failed, 3 未確認 / not known"
)


def register(subparsers: Subparsers) -> None:
    run = subparsers.add_parser("run", help="関所を動かす（systemd が使う）/ run the daemon (for systemd)")
    run.set_defaults(func=_run)

    status = subparsers.add_parser("status", help="いまの様子を見る / show the lights", epilog=_STATUS_EPILOG)
    add_json(status)
    status.add_argument("--watch", action="store_true", help="変わるたびに表示する / show again at every change")
    status.set_defaults(func=_status)

    plan = subparsers.add_parser("plan", help="apply で何が変わるかを見る / show what apply would change")
    add_json(plan)
    plan.set_defaults(func=_plan)

    change.register_apply(subparsers)

    down = subparsers.add_parser("down", help="関所が加えたものを取り除く / remove what Sekisho has added")
    add_json(down)
    down.set_defaults(func=_down)

    metrics = subparsers.add_parser("metrics", help="監視用の数値を出す / print the metrics (Prometheus text)")
    metrics.set_defaults(func=_metrics)


def _run(args: argparse.Namespace) -> int:
    # Only here: nothing else of the command line may know the daemon's insides, nor wait for its imports.
    from appliance.control.daemon import main

    return main()


def _status(args: argparse.Namespace) -> int:
    client = Client()
    status = client.call("status")
    page = None if args.json else _page(client)
    if not args.watch:
        _show(status, args, page)
        return EXIT_OF[status["headline"]["state"]]
    for newer in itertools.chain([status], client.subscribe()):
        if args.json:
            print(json.dumps(newer, ensure_ascii=False))
        else:
            print(_CLEAR if sys.stdout.isatty() else "\n", end="")
            _show(newer, args, page)
        sys.stdout.flush()
    return 0


def _page(client: Client) -> dict[str, Any] | None:
    """Where the router's page is; None as long as there is none."""
    try:
        page: dict[str, Any] = client.call("page.show")
    except SekishoError as error:
        if error.code != "control.no-page":
            raise
        return None
    return page


def _show(status: dict[str, Any], args: argparse.Namespace, page: dict[str, Any] | None = None) -> None:
    if args.json:
        print_json(status)
    else:
        print(status_view.render(status, languages(args), may_colour(sys.stdout), page), end="")


def _plan(args: argparse.Namespace) -> int:
    result = Client().call("plan", timeout=PLAN_TIMEOUT)
    if args.json:
        print_json(result)
    elif changes := result["changes"]:
        list_changes(changes, args)
    else:
        say(args, Text("変更するところはありません。", "Nothing to change."))
    return 0


def _down(args: argparse.Namespace) -> int:
    result = Client().call("down", timeout=DOWN_TIMEOUT)
    if args.json:
        print_json(result)
    elif changes := result["changes"]:
        count = list_changes(changes, args)
        say(args, Text(f"関所が加えた {count} 件を取り除きました。", f"Removed what Sekisho had added: {count}."))
    else:
        say(args, Text("取り除くものはありませんでした。", "There was nothing to remove."))
    return 0


def _metrics(args: argparse.Namespace) -> int:
    sys.stdout.write(Client().call("metrics")["text"])
    return 0
