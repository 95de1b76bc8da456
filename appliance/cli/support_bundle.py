"""`sekisho support-bundle`: what a support company needs to see, in one file without secrets."""

from __future__ import annotations

import argparse
import base64
from pathlib import Path

from appliance.cli.words import say
from appliance.control.client import Client
from appliance.files import write_atomically
from appliance.text import Text

TIMEOUT = 120.0
"""Seconds: the account is unsealed, and each daemon asked."""


def register(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, metavar="FILE", help="書き出す先 / where to (default: its name)")
    parser.set_defaults(func=_make)


def _make(args: argparse.Namespace) -> int:
    made = Client().call("support.bundle", timeout=TIMEOUT)
    out = args.out or Path(made["name"])
    write_atomically(out, base64.b64decode(made["data"]))
    say(
        args,
        Text(
            f"{out} に書き出しました。鍵もパスワードも入っていません。サポート会社に渡してください。",
            f"Written to {out}. It holds no key and no password: give it to your support company.",
        ),
    )
    return 0
