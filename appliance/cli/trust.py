"""`sekisho trust …`: pins and revoked certificates between two accounts, on the router and at the desk."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.account.document import LARGEST
from appliance.cli.words import add_json, print_json, say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

TIMEOUT = 60.0
"""Seconds: it takes effect before the answer comes."""


def register(subparsers: Subparsers) -> None:
    """Add the commands below `sekisho trust`."""
    take = subparsers.add_parser(
        "import",
        help="信頼リストを取り込む。すぐに働く / take a trust list in; it takes effect at once",
    )
    take.add_argument("file", type=Path, help="信頼リストのファイル / the list's file")
    take.set_defaults(func=_import)

    show = subparsers.add_parser("show", help="いまの信頼リストを見る / show the list in force")
    add_json(show)
    show.set_defaults(func=_show)

    issue = subparsers.add_parser(
        "issue", help="信頼リストを発行する（データセンター用）/ issue one, at the data center's desk"
    )
    issue.add_argument("request", type=Path, help="申込ファイル（TOML）/ the request")
    issue.add_argument("--key", type=Path, required=True, help="署名鍵 / the signing key")
    issue.add_argument("--out", type=Path, required=True, help="書き出し先のファイル / file for the result")
    issue.set_defaults(func=_issue)


def _import(args: argparse.Namespace) -> int:
    try:
        with args.file.open("rb") as stream:
            signed = stream.read(LARGEST + 1)
    except OSError as error:
        from appliance.account.secret_file import unreadable

        raise unreadable(args.file, error) from None
    # The daemon judges it; without what no list has in it, and so never too long to be asked about.
    told = Client().call("trust.import", {"list": signed.decode("ascii", errors="ignore")}, timeout=TIMEOUT)
    say(
        args,
        Text(
            f"{told['issuer']} の信頼リスト（番号 {told['serial']}）を取り込みました。もう働いています。",
            f"The trust list of {told['issuer']}, serial {told['serial']}, was taken in and is in force.",
        ),
    )
    return 0


def _show(args: argparse.Namespace) -> int:
    told = Client().call("trust.show")
    if args.json:
        print_json(told)
        return 0
    if told is None:
        say(
            args,
            Text(
                "信頼リストはまだありません。接続アカウントだけが働いています。",
                "There is no trust list yet: the connection account alone says what is trusted.",
            ),
        )
        return 0
    for line in _lines(told):
        say(args, line)
    return 0


def _lines(told: dict[str, Any]) -> list[Text]:
    whose = Text("全医院", "all clinics") if told["clinic"] is None else Text(told["clinic"], told["clinic"])
    lines = [
        Text(
            f"{told['issuer']}、番号 {told['serial']}、{told['issued_at']}、{whose.ja}",
            f"{told['issuer']}, serial {told['serial']}, {told['issued_at']}, for {whose.en}",
        )
    ]
    for host, pins in told["pins"].items():
        lines.append(Text(f"{host} のピン: {'、'.join(pins)}", f"Pins of {host}: {', '.join(pins)}"))
    for one in told["revocations"]:
        lines.append(
            Text(
                f"{one['issuer']} の失効リスト: {one['count']} 件（{one['this_update']}）",
                f"Revocation list of {one['issuer']}: {one['count']} ({one['this_update']})",
            )
        )
    return lines


def _issue(args: argparse.Namespace) -> int:
    from appliance.account import keys, trust_desk

    trust_desk.issue(args.request, keys.load_signing_key(args.key), args.out, datetime.now(UTC))
    print(args.out)
    return 0
