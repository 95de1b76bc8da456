"""`sekisho panel`: the machine's lamps and reset button (for systemd)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]


def register(subparsers: Subparsers) -> None:
    panel = subparsers.add_parser(
        "panel", help="本体のランプとボタン（systemd が使う）/ the machine's lamps and button (for systemd)"
    )
    panel.set_defaults(func=_panel)


def _panel(_: argparse.Namespace) -> int:
    from appliance.panel.run import main

    return main()
