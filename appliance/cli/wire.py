"""`sekisho wire`: one question about what passes on a wire (for systemd, ``sekisho-wire@.service``)."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]


def register(subparsers: Subparsers) -> None:
    wire = subparsers.add_parser(
        "wire", help="配線の様子を聞く（systemd が使う）/ hear what passes on a wire (for systemd)"
    )
    wire.set_defaults(func=_wire)


def _wire(_: argparse.Namespace) -> int:
    from appliance.diagnose.wire.answer import main

    return main()
