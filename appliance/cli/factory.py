"""`sekisho factory …`: manufacture and its label; and the way back to what the factory sent out."""

from __future__ import annotations

import argparse
import base64
import sys
import time
from typing import TYPE_CHECKING, Any

from appliance.cli.words import add_json, print_json, say
from appliance.control.client import Client
from appliance.errors import SekishoError
from appliance.factory import stick
from appliance.text import Text

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[Any]

MAKE_TIMEOUT = 120.0
RESET_TIMEOUT = 30.0
"""Seconds: to hash a password and to draw a label take a small machine a while."""
SURE = "reset"
PAUSE = 5.0
"""Seconds between two tries of who waits."""


def register(subparsers: Subparsers) -> None:
    make = subparsers.add_parser(
        "make",
        help="出荷の準備をして、ラベルを作る / manufacture: the first password, and the label",
        description="ラベルは、工場の印（sekisho-factory.toml）のある USB メモリーに書きます。"
        " / The label is written on the stick that is marked as the factory's.",
    )
    make.add_argument("--serial", help="製造番号 / the machine's serial number")
    make.add_argument(
        "--print",
        action="store_true",
        help="ラベルの内容を画面に出す（USB メモリーを使わない）/ print what stands on the label here, without a stick",
    )
    make.add_argument(
        "--wait",
        type=int,
        default=0,
        metavar="SECONDS",
        help="ルーターのページの用意ができるのを待つ秒数 / how long to wait for the router's page to be there",
    )
    make.set_defaults(func=_make)

    show = subparsers.add_parser("show", help="出荷時の記録を見る（秘密は出さない）/ the factory's record, no secrets")
    add_json(show)
    show.set_defaults(func=_show)

    reset = subparsers.add_parser(
        "reset",
        help="工場から出たときの状態に戻す / back to what the factory sent out",
        description="接続アカウント、設定、ログイン、これまでの様子を消します。機器の鍵と操作の記録は残ります。"
        " / Removes account, settings, log-ins and history; the machine's keys and the audit record stay.",
    )
    reset.add_argument(
        "--log-in",
        action="store_true",
        help="ベンダーのログインだけを、ラベルのパスワードに戻す / only the vendor's log-in, to the label's password",
    )
    reset.set_defaults(func=_reset)


def _make(args: argparse.Namespace) -> int:
    target = None if args.print else _stick()
    params = {"serial": args.serial, "listed": [], "used": []}
    if target is not None:
        params |= {"listed": list(target.serials), "used": list(target.used)}
    client = Client()
    label = _label(client, params, args.wait)
    if target is None:
        sys.stdout.write(label["text"])
        sys.stdout.flush()
    else:
        target.take(label["file"], base64.b64decode(label["pdf"]))
    client.call("factory.made", {"serial": label["serial"]})
    if target is not None:
        where = target.folder / label["file"]
        say(
            args,
            Text(
                f"製造番号 {label['serial']} のラベルを {where} に書きました。印刷して本体に貼ってください。",
                f"The label of {label['serial']} is in {where}: print it, and put it on the machine.",
            ),
        )
    return 0


def _label(client: Client, params: dict[str, Any], patience: int) -> Any:
    end = time.monotonic() + patience
    while True:
        try:
            return client.call("factory.make", params, timeout=MAKE_TIMEOUT)
        except SekishoError as error:
            if error.code != "factory.not-ready" or time.monotonic() >= end:
                raise
        time.sleep(PAUSE)


def _stick() -> stick.Stick:
    found = stick.found()
    if found is None:
        raise SekishoError(
            "factory.no-stick",
            f"工場の印（{stick.MARK}）のある USB メモリーがないので、差してからもう一度実行してください。",
            f"There is no stick with the factory's mark ({stick.MARK}): plug it in, then try again.",
        )
    return found


def _show(args: argparse.Namespace) -> int:
    record = Client().call("factory.show")
    if args.json:
        print_json(record)
        return 0
    if record is None:
        say(args, Text("出荷の準備はまだしていません。", "This machine has not been manufactured yet."))
        return 0
    print(f"製造番号 / serial          {record['serial']}")
    print(f"公開鍵 / public key SHA-256  {record['key_sha256']}")
    print(f"日時 / at                  {record['at']}")
    if not record["is_made"]:
        say(args, Text("ラベルはまだできていません。", "There is no label yet."))
    return 0


def _reset(args: argparse.Namespace) -> int:
    if args.log_in:
        Client().call("factory.reset", {"what": "log-in", "by": "console"}, timeout=RESET_TIMEOUT)
        say(
            args,
            Text(
                "ベンダーのログインを、ラベルの最初のパスワードに戻しました。",
                "The vendor logs in with the first password on the label again.",
            ),
        )
        return 0
    say(
        args,
        Text(
            "接続アカウント、設定、ログイン、これまでの様子を消します。レセコンはつながらなくなります。"
            f"よければ {SURE} と入力してください。",
            "The account, the settings, the log-ins and the history go; the receipt computer will not be reached. "
            f"Type {SURE} if that is meant.",
        ),
    )
    if sys.stdin.readline().strip() != SURE:
        say(args, Text("何もしませんでした。", "Nothing was done."))
        return 1
    Client().call("factory.reset", {"what": "everything", "by": "console"}, timeout=RESET_TIMEOUT)
    say(
        args,
        Text(
            "工場から出たときの状態に戻しています。1 分ほどで、LAN の口から設定できるようになります。",
            "Going back to what the factory sent out: in a minute the router can be set up from its LAN port.",
        ),
    )
    return 0
