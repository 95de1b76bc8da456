"""`sekisho site …`: the settings file, checked without the daemon; the settings in force, and those of before."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance import paths
from appliance.cli import change, versions
from appliance.cli.words import complain, languages, say
from appliance.control.client import Client
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]


def register(subparsers: Subparsers) -> None:
    check = subparsers.add_parser("check", help="設定ファイルを確かめる / check a settings file")
    check.add_argument("file", type=Path, nargs="?", help=f"書かないと / default: {paths.SITE}")
    check.set_defaults(func=_check)

    show = subparsers.add_parser("show", help="反映されている設定を見る / show the settings in force")
    show.set_defaults(func=_show)

    change.register(subparsers)
    versions.register(subparsers)


def _check(args: argparse.Namespace) -> int:
    # pydantic comes with it: only for the command that needs it.
    from appliance.site.load import SiteError, load

    path = args.file or paths.SITE
    try:
        load(path)
    except SiteError as refused:
        for problem in refused.errors:
            complain(languages(args), problem)
        return 1
    say(args, Text(f"{path} に間違いはありません。", f"{path} is correct."))
    return 0


def _show(args: argparse.Namespace) -> int:
    shown = Client().call("site.show")
    if not shown["in_force"]:
        say(
            args,
            Text(
                "この設定はいま反映されていません（「sekisho apply」で反映します）。",
                "These settings are not in force at present (`sekisho apply` puts them in force).",
            ),
            sys.stderr,
        )
    sys.stdout.write(shown["toml"])
    return 0
