"""`sekisho account keygen|issue|inspect`: the data center's desk, offline. No daemon, no network."""

from __future__ import annotations

import argparse
import getpass
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appliance import paths

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]

# The account's modules bring cryptography with them: imported by the command that runs, so that
# `sekisho status` does not wait for them.


def register(subparsers: Subparsers) -> None:
    """Add the commands below `sekisho account`. Each sets `func(args) -> int` and lets SekishoError pass."""
    keygen = subparsers.add_parser("keygen", help="データセンターの署名鍵を作る / make a desk's signing key")
    keygen.add_argument("--key", type=Path, required=True, help="署名鍵の保存先（秘密）/ where the secret key goes")
    keygen.add_argument(
        "--public",
        type=Path,
        required=True,
        help="ルーターに置く公開鍵の一覧。あれば追加する / the routers' JWK set; an existing one is added to",
    )
    keygen.set_defaults(func=_keygen)

    issue = subparsers.add_parser("issue", help="接続アカウントを発行する / issue a connection account")
    issue.add_argument("request", type=Path, help="申込ファイル（TOML）/ the request")
    issue.add_argument("--key", type=Path, required=True, help="署名鍵 / the signing key")
    issue.add_argument("--out", type=Path, required=True, help="書き出し先のフォルダー / folder for the results")
    issue.set_defaults(func=_issue)

    inspect = subparsers.add_parser(
        "inspect", help="接続アカウントの中身を見る（秘密は出さない）/ show without secrets"
    )
    inspect.add_argument("file", type=Path, help="接続アカウントのファイル / the account file")
    inspect.add_argument(
        "--desk-keys", type=Path, default=paths.DESK_KEYS, help="信頼する公開鍵の一覧 / trusted JWK set"
    )
    inspect.add_argument("--code-file", type=Path, help="コードを1行目に書いたファイル / file with the code in line 1")
    inspect.add_argument("--json", action="store_true", help="JSON で出す / as JSON")
    inspect.set_defaults(func=_inspect)


def read_code(code_file: Path | None) -> str:
    """The activation code from a file, a person at a terminal, or the first line of standard input."""
    if code_file is not None:
        from appliance.account.secret_file import read_secret

        return read_secret(code_file).decode("utf-8", errors="replace").partition("\n")[0]
    if sys.stdin.isatty():
        return getpass.getpass(
            "入力した文字は画面に出ません。 / What you type is not shown.\nアクティベーションコード / Activation code: "
        )
    return sys.stdin.readline()


def _keygen(args: argparse.Namespace) -> int:
    from appliance.account import keys
    from appliance.errors import SekishoError
    from appliance.files import write_atomically

    if args.key.exists():
        raise SekishoError(
            "account.desk-key-exists",
            f"署名鍵 {args.key} はもうあります。上書きすると元に戻せないので、別の名前にしてください。",
            f"The signing key {args.key} exists already and could not be brought back: choose another name.",
        )
    trusted = list(keys.load_trusted(args.public).values()) if args.public.exists() else []
    key = keys.generate()
    write_atomically(args.key, keys.private_jwk(key))
    write_atomically(args.public, keys.public_set([*trusted, key]), mode=0o644)
    print(key.thumbprint())
    return 0


def _issue(args: argparse.Namespace) -> int:
    from appliance.account import desk, keys

    issued = desk.issue(args.request, keys.load_signing_key(args.key), args.out, datetime.now(UTC))
    for warning in issued.warnings:
        print(f"注意 / Note: {warning.ja} / {warning.en}", file=sys.stderr)
    for path in filter(None, (issued.account_file, issued.letter, issued.concentrator)):
        print(path)
    return 0


def _inspect(args: argparse.Namespace) -> int:
    from appliance.account import code, envelope, keys, structure
    from appliance.account.inspect import pretty, redacted
    from appliance.account.secret_file import unreadable

    try:
        data = args.file.read_bytes()
    except OSError as error:
        raise unreadable(args.file, error) from None
    trusted = keys.load_trusted(args.desk_keys)
    payload = envelope.open_sealed(data, code.parse(read_code(args.code_file)), trusted)
    view = redacted(structure.from_json(payload), datetime.now(UTC))
    print(json.dumps(view, ensure_ascii=False, indent=2) if args.json else pretty(view), end="\n" if args.json else "")
    return 0
