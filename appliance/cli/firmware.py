"""`sekisho firmware …`: the update on the router."""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.cli import firmware_desk
from appliance.cli.moments import minute
from appliance.cli.words import add_json, print_json, say
from appliance.control.client import Client
from appliance.errors import SekishoError
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

LOOK_SECONDS = 180.0
"""Every byte of a file is looked at."""
PATIENCE = 720.0
"""Seconds for a verdict: what the daemon takes for one, and its start."""
ASK_EVERY = 2.0


def register(subparsers: Subparsers) -> None:
    """Add the commands below `sekisho firmware`."""
    show = subparsers.add_parser("show", help="版と、更新の様子 / the version, and how an update stands")
    add_json(show)
    show.set_defaults(func=_show)

    check = subparsers.add_parser("check", help="ファイルを確かめる。何も変えない / check a file; nothing is changed")
    check.add_argument("file", type=Path, help="ファームウェアのファイル / the firmware's file")
    check.set_defaults(func=_check)

    install = subparsers.add_parser("install", help="ファイルから更新する / update from a file")
    install.add_argument("file", type=Path, help="ファームウェアのファイル / the firmware's file")
    _add_now(install)
    install.set_defaults(func=_install)

    fetch = subparsers.add_parser(
        "fetch", help="データセンターの新しい版に更新する / update to what the data center has"
    )
    _add_now(fetch)
    fetch.set_defaults(func=_fetch)

    verdict = subparsers.add_parser(
        "verdict",
        help="動いている版が前と同じに働くと確かめられるまで待つ（起動のときに使う）"
        " / wait until the version that runs has proven itself; used at boot",
    )
    verdict.set_defaults(func=_verdict)
    firmware_desk.register(subparsers)


def _add_now(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--now",
        action="store_true",
        help="更新してよい時間を待たずに再起動する / restart without waiting for the hours of the settings",
    )


def _show(args: argparse.Namespace) -> int:
    told = Client().call("firmware.show")
    if args.json:
        print_json(told)
        return 0
    if told is None:
        say(args, _NO_IMAGE)
        return 0
    for line in lines(told):
        say(args, line)
    return 0


def lines(told: dict[str, Any]) -> list[Text]:
    """What people are told of ``firmware.show``."""
    found = [Text(f"動いている版: {told['version']}", f"Version that runs: {told['version']}")]
    if told["text"]:
        found.append(Text(told["text"]["ja"], told["text"]["en"]))
    last = told["last"]
    if last and last["again"] == "by-itself":
        found.append(
            Text(
                f"版 {last['version']}（{minute(last['at'])}）は、別の日に、もう一度だけ自動で試します。",
                f"Version {last['version']} ({minute(last['at'])}) is tried once more by itself, on another day.",
            )
        )
    if last and last["again"] == "by-hand":
        found.append(
            Text(
                f"版 {last['version']}（{minute(last['at'])}）は、もう自動では入れません。原因を除いてから"
                "「sekisho firmware install」か「sekisho firmware fetch」で行ってください。",
                f"Version {last['version']} ({minute(last['at'])}) is not installed by itself any more: remove the "
                "cause, then use `sekisho firmware install` or `sekisho firmware fetch`.",
            )
        )
    return found


def _check(args: argparse.Namespace) -> int:
    told = Client().call("firmware.check", {"path": str(args.file.absolute())}, timeout=LOOK_SECONDS)
    say(
        args,
        Text(
            f"版 {told['version']}（世代 {told['generation']}）を、このルーターに入れられます。",
            f"Version {told['version']} (generation {told['generation']}) can be installed on this router.",
        ),
    )
    return 0


def _install(args: argparse.Namespace) -> int:
    params = {"path": str(args.file.absolute()), "now": args.now}
    return _told(args, Client().call("firmware.install", params, timeout=LOOK_SECONDS))


def _fetch(args: argparse.Namespace) -> int:
    return _told(args, Client().call("firmware.fetch", {"now": args.now}, timeout=LOOK_SECONDS))


def _told(args: argparse.Namespace, told: dict[str, Any]) -> int:
    for line in lines(told):
        say(args, line)
    return 0


def _verdict(args: argparse.Namespace) -> int:
    """0: it is good. 1: it is not, or nobody could say so in time."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            told = Client().call("firmware.verdict")
        except SekishoError as error:
            # The daemon may still be starting, or have died and be coming back.
            if not error.code.startswith("control."):
                raise
        else:
            if told["verdict"] == "good":
                return 0
            if told["verdict"] == "bad":
                say(args, Text(told["text"]["ja"], told["text"]["en"]))
                return 1
        time.sleep(ASK_EVERY)
    say(args, _NO_ANSWER)
    return 1


_NO_IMAGE = Text(
    "このルーターはファームウェアのイメージで動いていません。",
    "This router does not run from a firmware image.",
)
_NO_ANSWER = Text(
    "12分待っても、新しい版が働くと確かめられませんでした。",
    "The version was not proven within twelve minutes.",
)
