"""`sekisho hardware …`: what kind of machine this is, and what its profile says. Asks nobody: the files tell it."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.cli.words import add_json, print_json, say
from appliance.hardware import machine, matching
from appliance.hardware.model import Machine, Profile
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]


def register(subparsers: Subparsers) -> None:
    show = subparsers.add_parser("show", help="機種、差し込み口、ランプ、ボタン / machine, ports, lamps, button")
    add_json(show)
    show.set_defaults(func=_show)

    check = subparsers.add_parser("check", help="プロファイルの間違いを調べる / check profiles")
    check.add_argument("directory", type=Path, nargs="?", default=machine.PROFILES, help="場所 / where (%(default)s)")
    check.set_defaults(func=_check)


def _show(args: argparse.Namespace) -> int:
    here, profile = machine.own()
    if args.json:
        print_json({"machine": asdict(here), "profile": asdict(profile) if profile else None})
        return 0
    print(f"機種 / machine   {here.vendor} {here.product}".rstrip())
    for port in here.ports:
        print(f"  {port.name:10} {port.driver:12} {port.place}")
    if profile is None:
        say(args, machine.unknown(here).text)
        return 1
    _describe(here, profile)
    return 0


def _describe(here: Machine, profile: Profile) -> None:
    print(f"プロファイル / profile   {profile.name} ({profile.title})")
    ports = matching.assigned(here, profile)
    for rule in profile.ports:
        name = ports[rule.label].name if rule.label in ports else "–"
        print(f"  {rule.label:10} {rule.role.value:6} {name}")
    for lamp in profile.lamps:
        leds = " ".join(name for name in (lamp.green, lamp.amber, lamp.red) if name)
        print(f"ランプ / lamp {lamp.label}: {', '.join(lamp.shows)}  {leds}")
    if profile.reset:
        print(f"リセットボタン / reset button: {profile.reset.device}, {profile.reset.code}")
    print(f"ウォッチドッグ / watchdog: {profile.watchdog or '–'}")


def _check(args: argparse.Namespace) -> int:
    found = machine.profiles(args.directory)
    say(args, Text(f"間違いはありません（{len(found)} 件）。", f"No mistakes ({len(found)})."))
    return 0
