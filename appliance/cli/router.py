"""`sekisho run|status|plan|apply|down|metrics`: the router itself, asked through its local API."""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from appliance.cli import status_view
from appliance.cli.words import languages, may_colour, say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

APPLY_TIMEOUT = 180.0
"""Seconds: the slowest step is starting the helper daemons on a small machine."""
PLAN_TIMEOUT = 60.0

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
    _add_json(status)
    status.add_argument("--watch", action="store_true", help="変わるたびに表示する / show again at every change")
    status.set_defaults(func=_status)

    plan = subparsers.add_parser("plan", help="apply で何が変わるかを見る / show what apply would change")
    _add_json(plan)
    plan.set_defaults(func=_plan)

    apply = subparsers.add_parser("apply", help="設定を反映する / put the settings in force")
    _add_json(apply)
    apply.set_defaults(func=_apply)

    down = subparsers.add_parser("down", help="関所が加えたものを取り除く / remove what Sekisho has added")
    _add_json(down)
    down.set_defaults(func=_down)

    metrics = subparsers.add_parser("metrics", help="監視用の数値を出す / print the metrics (Prometheus text)")
    metrics.set_defaults(func=_metrics)


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, indent=2))


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="JSON で出す / as JSON")


def _run(args: argparse.Namespace) -> int:
    # Only here: nothing else of the command line may know the daemon's insides, nor wait for its imports.
    from appliance.control.daemon import main

    return main()


def _status(args: argparse.Namespace) -> int:
    client = Client()
    status = client.call("status")
    if not args.watch:
        _show(status, args)
        return EXIT_OF[status["headline"]["state"]]
    for newer in itertools.chain([status], client.subscribe()):
        if args.json:
            print(json.dumps(newer, ensure_ascii=False))
        else:
            print(_CLEAR if sys.stdout.isatty() else "\n", end="")
            _show(newer, args)
        sys.stdout.flush()
    return 0


def _show(status: dict[str, Any], args: argparse.Namespace) -> None:
    if args.json:
        print_json(status)
    else:
        print(status_view.render(status, languages(args), may_colour(sys.stdout)), end="")


def _plan(args: argparse.Namespace) -> int:
    result = Client().call("plan", timeout=PLAN_TIMEOUT)
    if args.json:
        print_json(result)
    elif changes := result["changes"]:
        _list(changes, args)
    else:
        say(args, Text("変更するところはありません。", "Nothing to change."))
    return 0


def _apply(args: argparse.Namespace) -> int:
    result = Client().call("apply", timeout=APPLY_TIMEOUT)
    if args.json:
        print_json(result)
    elif changes := result["changes"]:
        count, seconds = _list(changes, args), f"{result['seconds']:.1f}"
        say(args, Text(f"{count} 件を変更しました（{seconds} 秒）。", f"Changes made: {count} ({seconds} s)."))
    else:
        say(args, Text("変更するところはありませんでした。", "Nothing had to change."))
    return 0


def _down(args: argparse.Namespace) -> int:
    result = Client().call("down", timeout=APPLY_TIMEOUT)
    if args.json:
        print_json(result)
    elif changes := result["changes"]:
        count = _list(changes, args)
        say(args, Text(f"関所が加えた {count} 件を取り除きました。", f"Removed what Sekisho had added: {count}."))
    else:
        say(args, Text("取り除くものはありませんでした。", "There was nothing to remove."))
    return 0


def _metrics(args: argparse.Namespace) -> int:
    sys.stdout.write(Client().call("metrics")["text"])
    return 0


def _list(changes: Sequence[dict[str, Any]], args: argparse.Namespace) -> int:
    """Numbered sentences, the second language under the first. Returns how many."""
    sentences = list(_sentences(changes))
    places = len(str(len(sentences)))
    for number, sentence in enumerate(sentences, 1):
        label = f"{number:{places}}. "
        for language in languages(args):
            print(label + sentence.in_language(language))
            label = " " * len(label)
    return len(sentences)


def _sentences(changes: Sequence[dict[str, Any]]) -> Iterator[Text]:
    """One for each change; the kernel's switches, which would bury the rest, are counted where the first stands."""
    switches = sum(change["subsystem"] == "sysctl" for change in changes)
    counted = False
    for change in changes:
        if change["subsystem"] != "sysctl":
            yield Text(change["text"]["ja"], change["text"]["en"])
        elif not counted:
            counted = True
            yield Text(
                f"カーネルの設定を {switches} 項目そろえます（項目は --json で見られます）。",
                f"set {switches} kernel {'switch' if switches == 1 else 'switches'} (listed by --json)",
            )
