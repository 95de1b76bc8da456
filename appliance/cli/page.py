"""`sekisho page`: where the router's page is, and the fingerprints that a browser's warning is compared with."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from appliance.cli.words import add_json, print_json
from appliance.control.client import Client

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]


def register(subparsers: Subparsers) -> None:
    shown = subparsers.add_parser(
        "fingerprint",
        help="ページの場所と証明書の指紋 / where the page is, and its certificate's fingerprints",
    )
    add_json(shown)
    shown.set_defaults(func=_fingerprint)


def _fingerprint(args: argparse.Namespace) -> int:
    page = Client().call("page.show")
    if args.json:
        print_json(page)
        return 0
    for url in page["urls"]:
        print(url)
    print(f"証明書 / certificate SHA-256  {in_pairs(page['certificate_sha256'])}")
    print(f"公開鍵 / public key  SHA-256  {in_pairs(page['key_sha256'])}")
    print(f"期限 / ends                   {page['ends'][:10]}")
    return 0


def in_pairs(digest: str) -> str:
    """As browsers show it."""
    return ":".join(digest[at : at + 2] for at in range(0, len(digest), 2)).upper()
