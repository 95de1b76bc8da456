"""`sekisho firmware make`: the issuing side, offline."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.cli.words import add_json, print_json, say
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

# What reads and signs manifests brings cryptography with it: imported by the command that runs.


def register(subparsers: Subparsers) -> None:
    make = subparsers.add_parser(
        "make", help="署名したファイルを作る（発行する側）/ make a signed file, on the issuing side"
    )
    make.add_argument("file", type=Path, help="書き出し先（sekisho-版.firmware）/ file for the result")
    make.add_argument("--image", type=Path, required=True, help="ディスクのイメージ / the disk image of the build")
    make.add_argument("--uki", type=Path, required=True, help="署名したカーネル / the signed kernel image")
    make.add_argument("--version", required=True, help="版（1.2.3 の形）/ its version, such as 1.2.3")
    make.add_argument("--generation", type=int, required=True, help="世代。必ず大きくする / always larger than before")
    make.add_argument("--hardware", required=True, help="機種の名前（, で区切る）/ names of hardware profiles")
    make.add_argument("--days", type=int, default=60, help="受付期限までの日数 / days until it is no longer taken")
    make.add_argument("--key", type=Path, required=True, help="署名鍵 / the signing key")
    make.add_argument(
        "--against", type=Path, help="前の版のファイル。受け取る量を比べる / an older file, to compare what is fetched"
    )
    add_json(make)
    make.set_defaults(func=_make)


def _make(args: argparse.Namespace) -> int:
    from appliance.account import keys
    from appliance.site.schema import SCHEMA
    from appliance.update import make

    key = keys.load_signing_key(args.key)
    now = datetime.now(UTC).replace(microsecond=0)
    issue = make.Issue(
        args.image,
        args.uki,
        args.version,
        args.generation,
        now,
        now + timedelta(days=args.days),
        tuple(args.hardware.split(",")),
        SCHEMA,
    )
    make.make(issue, key, args.file)
    trusted = {key.thumbprint(): key}
    new, signed = make.read(args.file, trusted)
    found = {"file": str(args.file), "bundle_bytes": args.file.stat().st_size, "manifest_bytes": signed}
    if args.against:
        old, _ = make.read(args.against, trusted)
        difference = make.difference(old, new, signed)
        found |= {"slot_bytes": difference.slot, "update_bytes": difference.fetched}
    if args.json:
        print_json(found)
        return 0
    print(args.file)
    if args.against:
        say(
            args,
            Text(
                f"{args.against.name} の版から受け取る量: {found['update_bytes']} バイト"
                f"（ファイル全体 {found['bundle_bytes']}）",
                f"From the version of {args.against.name} a router fetches {found['update_bytes']} bytes, "
                f"of {found['bundle_bytes']} of the whole file",
            ),
        )
    return 0
