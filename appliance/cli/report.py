"""`sekisho report`: the connectivity report as a PDF."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.cli.words import say
from appliance.control.client import Client
from appliance.errors import SekishoError
from appliance.files import write_atomically
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

TIMEOUT = 90.0
"""Seconds: a small machine takes a while to draw it."""


def register(subparsers: Subparsers) -> None:
    report = subparsers.add_parser("report", help="疎通確認報告書を PDF で作る / the connectivity report as a PDF")
    report.add_argument("file", type=Path, help="書き出し先のファイル / file for the result")
    report.add_argument(
        "--language", choices=("ja", "en"), default="ja", help="報告書の言語 / the paper's language (%(default)s)"
    )
    report.set_defaults(func=_report)


def _report(args: argparse.Namespace) -> int:
    made = Client().call("report.make", {"language": args.language}, timeout=TIMEOUT)
    try:
        write_atomically(args.file, base64.b64decode(made["pdf"]), 0o644)
    except OSError as error:
        raise SekishoError(
            "report.cannot-write",
            f"{args.file} に書き込めません（{error.strerror}）。書き込める場所を指定してください。",
            f"{args.file} cannot be written ({error.strerror}): name a place that can.",
        ) from None
    verdict = (
        Text("疎通を確認しました。", "Connectivity was confirmed.")
        if made["passed"]
        else Text("疎通を確認できていません。", "Connectivity could not be confirmed.")
    )
    say(
        args,
        Text(
            f"{verdict.ja}報告書（{made['number']}）を {args.file} に書きました。",
            f"{verdict.en} The report ({made['number']}) is in {args.file}.",
        ),
    )
    return 0 if made["passed"] else 1
