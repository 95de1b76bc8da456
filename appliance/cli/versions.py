"""`sekisho site history|diff`: what was in force, who put it there, how it ended, and what differs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from appliance.cli.columns import printable, table
from appliance.cli.moments import second
from appliance.cli.sentences import list_changes
from appliance.cli.words import add_json, languages, print_json, say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

DIFF_TIMEOUT = 60.0
"""Seconds: what a change means is asked of the kernel."""

_HEAD = (
    Text("版", "Version"),
    Text("日時（JST）", "Time (JST)"),
    Text("だれが", "By"),
    Text("アカウント", "Account"),
    Text("結果", "Ended"),
)
_ENDINGS = {
    None: Text("途中", "open"),
    "applied": Text("反映した", "applied"),
    "confirmed": Text("試して確認した", "tried and confirmed"),
    "returned": Text("試して元に戻した", "tried and undone"),
    "failed": Text("反映できなかった", "failed"),
}
_ON_TRIAL = Text("試している途中", "on trial now")
_IN_FORCE = Text("（いま反映中）", " (in force)")


def register(subparsers: Subparsers) -> None:
    history = subparsers.add_parser("history", help="これまでの版を見る / list the versions")
    add_json(history)
    history.set_defaults(func=_history)

    diff = subparsers.add_parser(
        "diff",
        help="版の違いを見る / show what differs",
        description="番号なし: いま反映中 → 書き換えた site.toml。1 つ: いま反映中 → その版。2 つ: 前の版 → 後の版。"
        " / No number: in force → the edited site.toml. One: in force → that version. Two: from one to the other.",
    )
    diff.add_argument("before", type=int, nargs="?", help="版の番号 / a version's number")
    diff.add_argument("after", type=int, nargs="?", help="版の番号 / a version's number")
    add_json(diff)
    diff.set_defaults(func=_diff)


def _history(args: argparse.Namespace) -> int:
    result = Client().call("site.history")
    if args.json:
        print_json(result)
        return 0
    spoken = languages(args)
    rows = [[" / ".join(title.in_language(language) for language in spoken) for title in _HEAD]]
    for version in result["versions"]:
        ending = _ended(version)
        account = version["account"]
        rows.append(
            [
                str(version["number"]),
                second(version["began"]),
                f"{version['role']} {version['name']}"
                if version["name"]
                else f"{version['role']} (uid {version['uid']})",
                f"{account['serial']} ({account['fingerprint'][:8]})",
                " / ".join(ending.in_language(language) for language in spoken),
            ]
        )
    print("\n".join(table(rows)))
    return 0


def _ended(version: dict[str, Any]) -> Text:
    ending = _ON_TRIAL if version["trial"] and version["ending"] is None else _ENDINGS[version["ending"]]
    ja, en = ending.ja, ending.en
    if version["copy_of"] is not None:
        ja, en = f"{ja}（版 {version['copy_of']} へ戻す）", f"{en} (back to version {version['copy_of']})"
    if version["in_force"]:
        ja, en = ja + _IN_FORCE.ja, en + _IN_FORCE.en
    if reason := version["reason"]:
        ja, en = f"{ja}：{reason['ja']}", f"{en}: {reason['en']}"
    return Text(ja, en)


def _diff(args: argparse.Namespace) -> int:
    params = {"before": args.before, "after": args.after}
    result = Client().call("site.diff", params, timeout=DIFF_TIMEOUT)
    if args.json:
        print_json(result)
        return 0
    for line in result["settings"]:
        print(printable(line))
    if account := result["account"]:
        old, new = (f"{side['serial']} ({side['fingerprint'][:8]})" for side in (account["before"], account["after"]))
        say(args, Text(f"接続アカウント: {old} → {new}", f"Account: {old} → {new}"))
    if not result["settings"] and not account:
        say(args, Text("違いはありません。", "There is no difference."))
    if result["changes"]:
        say(args, Text("反映すると、次のように変わります。", "Put in force, this would change:"))
        list_changes(result["changes"], args)
    return 0
