"""`sekisho`: the command line.

Exit status: 0 done, 1 refused or failed (see `sekisho status --help` for its own), 2 the command was
written wrongly, 130 interrupted, 141 the reader of our output went away (as a shell reports SIGPIPE).
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from appliance import __version__
from appliance.cli import (
    access,
    audit,
    calendar,
    capture,
    diagnose,
    explain,
    factory,
    firmware,
    hardware,
    history,
    line,
    maintenance,
    page,
    panel,
    report,
    router,
    site,
    stick,
    support_bundle,
    terminal,
    trust,
    tunnel,
    wire,
)
from appliance.cli.words import BOTH, LANGUAGES, complain
from appliance.errors import SekishoError
from appliance.text import Text


class Parser(argparse.ArgumentParser):
    """Help and complaints in both languages; `--lang` is understood before and after a command."""

    def __init__(self, **options: Any) -> None:
        super().__init__(add_help=False, **options)
        self.add_argument("-h", "--help", action="help", help="使い方を見る / show this help")
        self.add_argument(
            "--lang",
            choices=tuple(LANGUAGES),
            # Suppressed, so that a command's parser does not overwrite what stood before the command.
            default=argparse.SUPPRESS,
            help="表示する言語（両方: both）/ language of what is printed",
        )

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        complain(
            LANGUAGES[BOTH],
            Text(f"コマンドの書き方が違うので、「{self.prog} --help」で確かめてください（{message}）。", message),
        )
        self.exit(2)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit status is returned, never raised."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that lacks a character gets "?" for it, not a traceback.
        sys.stdout.reconfigure(errors="replace")
    spoken = LANGUAGES[BOTH]
    try:
        try:
            args = _parser(arguments).parse_args(arguments)
            spoken = LANGUAGES[args.lang]
            status: int = args.func(args)
        finally:
            # Here and not at exit, where a closed pipe could only be told by a traceback.
            sys.stdout.flush()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    except SekishoError as error:
        complain(spoken, error.text)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return status


def _parser(arguments: Sequence[str]) -> Parser:
    parser = Parser(
        prog="sekisho", description="医院と日レセのあいだの関所 / the router between a clinic and its receipt engine"
    )
    parser.set_defaults(lang=BOTH)
    parser.add_argument("--version", action="version", version=f"sekisho {__version__}", help="版を見る / show version")
    commands = parser.add_subparsers(title="コマンド / commands", metavar="COMMAND", required=True)
    router.register(commands)
    history.register(commands)
    calendar.register(commands)
    account = commands.add_parser("account", help="接続アカウント / the connection account")
    if "account" in arguments:
        # Only when asked for: the desk is of no use on most routers, and no other command waits for it.
        from appliance.cli import account as account_commands

        account_commands.register(account.add_subparsers(metavar="COMMAND", required=True))
    trusted = commands.add_parser("trust", help="信頼リスト（ピンと失効）/ the trust list: pins and revocations")
    trust.register(trusted.add_subparsers(metavar="COMMAND", required=True))
    settings = commands.add_parser("site", help="院内の設定 / the clinic's settings")
    site.register(settings.add_subparsers(metavar="COMMAND", required=True))
    lines = commands.add_parser("line", help="回線 / the access line")
    line.register(lines.add_subparsers(metavar="COMMAND", required=True))
    terminals = commands.add_parser("terminal", help="端末の接続先の切り替え / where a terminal may go")
    terminal.register(terminals.add_subparsers(metavar="COMMAND", required=True))
    afar = commands.add_parser("maintenance", help="遠隔保守 / remote maintenance")
    maintenance.register(afar.add_subparsers(metavar="COMMAND", required=True))
    tunnels = commands.add_parser("tunnel", help="データセンターへのトンネル / the tunnels to the data center")
    tunnel.register(tunnels.add_subparsers(metavar="COMMAND", required=True))
    report.register(commands)
    diagnose.register(commands.add_parser("diagnose", help="どこが悪いかを調べる / find out what is wrong"))
    explain.register(
        commands.add_parser("explain", help="端末の通信が通るか、なぜか / whether a terminal's traffic passes, and why")
    )
    captures = commands.add_parser("capture", help="パケットの記録 / recording packets")
    capture.register(captures.add_subparsers(metavar="COMMAND", required=True))
    support_bundle.register(
        commands.add_parser("support-bundle", help="サポート会社に渡す資料 / the file for the support company")
    )
    log_ins = commands.add_parser("access", help="画面へのログイン / who may log in on the page")
    access.register(log_ins.add_subparsers(metavar="COMMAND", required=True))
    record = commands.add_parser("audit", help="操作の記録 / the audit record")
    audit.register(record.add_subparsers(metavar="COMMAND", required=True))
    image = commands.add_parser("firmware", help="ファームウェアの更新 / the firmware and its update")
    firmware.register(image.add_subparsers(metavar="COMMAND", required=True))
    shown = commands.add_parser("page", help="ルーターのページ / the router's page")
    page.register(shown.add_subparsers(metavar="COMMAND", required=True))
    making = commands.add_parser("factory", help="出荷の準備と、工場出荷時に戻す / manufacture, and the way back to it")
    factory.register(making.add_subparsers(metavar="COMMAND", required=True))
    machine = commands.add_parser("hardware", help="機種とプロファイル / the machine and its profile")
    hardware.register(machine.add_subparsers(metavar="COMMAND", required=True))
    stick.register(commands)
    panel.register(commands)
    wire.register(commands)
    return parser
