"""`sekisho audit …`: the record of who did what, and whether it is whole."""

from __future__ import annotations

import argparse
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from appliance.cli.words import add_json, languages, print_json, say
from appliance.control.client import Client
from appliance.text import JAPAN, Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

VERIFY_TIMEOUT = 75.0
"""Seconds: years of entries on a small machine."""


def register(subparsers: Subparsers) -> None:
    show = subparsers.add_parser("list", help="操作の記録を新しい順に見る / show the record, newest first")
    show.add_argument("--limit", type=int, default=50, metavar="N", help="件数（500 まで）/ how many, up to 500")
    show.add_argument("--before", type=int, metavar="NUMBER", help="この番号より前 / older than this entry")
    show.add_argument("--since", type=_day, metavar="DAY", help="この日から（2026-11-28）/ from this day on")
    show.add_argument("--until", type=_day, metavar="DAY", help="この日まで / up to and with this day")
    show.add_argument("--role", default="", help="役割（vendor など）/ a role, such as vendor")
    show.add_argument("--name", default="", help="ログイン名 / a log-in's name")
    show.add_argument(
        "--action", action="append", default=[], metavar="ACTION", help="操作（site.try など、いくつでも）/ an action"
    )
    add_json(show)
    show.set_defaults(func=_list)

    verify = subparsers.add_parser(
        "verify", help="記録が書き換えられていないか確かめる / check that nothing was changed or removed"
    )
    verify.add_argument(
        "--known",
        metavar="NUMBER:HASH",
        help="前に控えた番号とハッシュ / what an earlier check printed, noted down elsewhere",
    )
    add_json(verify)
    verify.set_defaults(func=_verify)


def _day(text: str) -> datetime:
    """Its beginning, in the clinics' time. Raises ValueError."""
    return datetime.combine(date.fromisoformat(text), time(), JAPAN)


def _list(args: argparse.Namespace) -> int:
    wanted = {"role": args.role, "name": args.name, "actions": args.action}
    if args.since:
        wanted["since"] = args.since.isoformat()
    if args.until:
        wanted["until"] = (args.until + timedelta(days=1)).isoformat()
    given = {name: value for name, value in wanted.items() if value}
    answer = Client().call("audit.list", {"limit": args.limit, "before": args.before, **given}, timeout=VERIFY_TIMEOUT)
    if args.json:
        print_json(answer)
        return 0
    for entry in answer["entries"]:
        print(_line(entry))
    if answer["more"]:
        last = min((entry["number"] for entry in answer["entries"] if entry["number"]), default=0)
        say(args, Text(f"続き: --before {last}", f"There is more: --before {last}"))
    return 0


def _line(entry: dict[str, Any]) -> str:
    if entry["number"] is None:
        return "?"
    actor = entry["actor"]
    who = " ".join(part for part in (actor["role"], actor["name"], actor["address"]) if part)
    subject = " ".join(f"{name}={value}" for name, value in entry["subject"].items())
    what = f"{entry['action']} {subject}".rstrip()
    return f"{entry['number']}  {entry['at']}  {who}  {what}  {entry['outcome']}"


def _verify(args: argparse.Namespace) -> int:
    verdict = Client().call("audit.verify", {"known": args.known}, timeout=VERIFY_TIMEOUT)
    if args.json:
        print_json(verdict)
    elif verdict["whole"]:
        span = f"{verdict['first']}–{verdict['last']}"
        say(args, Text(f"記録 {span} は書き換えられていません。", f"Entries {span} are as they were written."))
        say(
            args,
            Text(
                "次の番号とハッシュを別のところに控えると、あとで --known で確かめられます:",
                "Note these down elsewhere, for --known later:",
            ),
        )
        print(f"{verdict['last']}:{verdict['hash']}")
    else:
        for fault in verdict["faults"]:
            for language in languages(args):
                print(fault["text"][language])
    return 0 if verdict["whole"] else 1
