"""Words of the audit record: what was done, to what, and what came of it."""

from __future__ import annotations

from appliance.text import Text

KINDS: dict[str, tuple[Text, dict[str, Text]]] = {
    "settings": (
        Text("設定", "Settings"),
        {
            "site.edit": Text("設定を書いた", "wrote settings"),
            "line.password": Text("回線のパスワードを入れた", "gave a line's password"),
            "apply": Text("設定をすぐに反映した", "put settings in force at once"),
            "site.try": Text("設定を試した", "tried settings"),
            "site.confirm": Text("試した設定を確認した", "confirmed what was tried"),
            "site.cancel": Text("試すのをやめた", "gave up a trial"),
            "down": Text("関所を止めた", "took Sekisho down"),
        },
    ),
    "account": (
        Text("接続アカウント", "Account"),
        {
            "account.import": Text("接続アカウントを取り込んだ", "brought in an account"),
            "trust.import": Text("信頼リストを取り込んだ", "brought in a trust list"),
        },
    ),
    "access": (
        Text("ログイン", "Log-ins"),
        {
            "access.log_in": Text("ログインした", "logged in"),
            "access.finish_log_in": Text("2 段階認証を通した", "gave the second factor"),
            "access.log_out": Text("ログアウトした", "logged out"),
            "access.change_password": Text("パスワードを変えた", "changed the password"),
            "access.sessions.end": Text("ほかの画面のログインを終えた", "ended sessions elsewhere"),
            "access.second_factor.begin": Text("2 段階認証の登録を始めた", "began to add a second factor"),
            "access.second_factor.confirm": Text("2 段階認証を登録した", "added a second factor"),
            "access.second_factor.remove": Text("2 段階認証を外した", "removed a second factor"),
            "access.accounts.add": Text("ログインを追加した", "added a log-in"),
            "access.accounts.reset": Text("最初のパスワードを作り直した", "made a new first password"),
            "access.accounts.remove": Text("ログインを消した", "removed a log-in"),
            "access.accounts.unlock": Text("待ち時間をなくした", "ended a wait"),
            "access.first_password": Text("ラベルのパスワードを作った", "made the label's password"),
        },
    ),
    "terminals": (
        Text("端末の切り替え", "Terminals"),
        {
            "terminal.internet": Text("端末をインターネットにした", "switched a terminal to the internet"),
            "terminal.receipt": Text("端末をレセコンに戻した", "switched a terminal to the receipt computer"),
        },
    ),
    "maintenance": (
        Text("遠隔保守", "Remote maintenance"),
        {
            "maintenance.allow": Text("遠隔保守を許可した", "allowed remote maintenance"),
            "maintenance.end": Text("遠隔保守を閉じた", "closed remote maintenance"),
            "maintenance.over": Text("遠隔保守の許可が終わった", "remote maintenance is over"),
            "maintenance.connected": Text("遠隔保守でつながった", "a maintainer connected"),
            "maintenance.disconnected": Text("遠隔保守の接続が終わった", "a maintainer's connection ended"),
        },
    ),
    "tunnels": (
        Text("経路", "Tunnels"),
        {
            "tunnel.pin": Text("使う経路を決めた", "chose a tunnel"),
            "tunnel.drain": Text("経路を空けた", "drained a tunnel"),
        },
    ),
    "diagnose": (
        Text("診断と報告", "Diagnostics, reports"),
        {
            "diagnose.begin": Text("調べた", "ran checks"),
            "explain": Text("通るかどうかをたずねた", "asked whether something passes"),
            "capture.start": Text("パケットの記録を始めた", "began a packet capture"),
            "capture.stop": Text("パケットの記録を終えた", "ended a packet capture"),
            "capture.read": Text("パケットの記録を持ち出した", "took a packet capture away"),
            "support.bundle": Text("サポート資料を作った", "made a support bundle"),
            "report.make": Text("疎通確認報告書を作った", "made a connectivity report"),
        },
    ),
    "firmware": (
        Text("ファームウェア", "Firmware"),
        {
            "firmware.install": Text("更新を取り込んだ", "took in an update"),
            "firmware.fetch": Text("更新を取りに行かせた", "had an update fetched"),
        },
    ),
    "factory": (
        Text("出荷と初期化", "Factory and reset"),
        {
            "factory.make": Text("出荷の準備をした", "prepared the router for delivery"),
            "factory.made": Text("ラベルを書き出した", "wrote the label"),
            "factory.reset": Text("工場から出たときの状態に戻し始めた", "began a reset"),
            "factory.reset-done": Text("工場から出たときの状態に戻した", "finished the reset"),
        },
    ),
    "router": (
        Text("ルーター自身", "The router itself"),
        {
            "router.started": Text("ルーターが動き始めた", "the router began to run"),
            "audit.mended": Text("途中で切れた記録を片付けた", "half an entry was cut off"),
            "audit.month-dropped": Text("最も古い月の記録を消した", "the oldest month was dropped"),
        },
    ),
}
"""Kinds that can be chosen, each with its actions as the local API calls them."""

SUBJECTS: dict[str, Text] = {
    "version": Text("版", "version"),
    "seconds": Text("秒", "seconds"),
    "serial": Text("番号", "serial"),
    "issuer": Text("発行元", "issuer"),
    "line": Text("回線", "line"),
    "section": Text("部分", "part"),
    "written": Text("書けた", "written"),
    "terminal": Text("端末", "terminal"),
    "minutes": Text("分", "minutes"),
    "maintainer": Text("相手", "maintainer"),
    "from": Text("つないだ所", "from"),
    "tunnel": Text("経路", "tunnel"),
    "back": Text("元に戻す", "back"),
    "language": Text("言語", "language"),
    "number": Text("番号", "number"),
    "passed": Text("合格", "passed"),
    "host": Text("行き先", "destination"),
    "port": Text("ポート", "port"),
    "protocol": Text("種類", "protocol"),
    "place": Text("場所", "place"),
    "kilobytes": Text("KiB", "KiB"),
    "payload": Text("中身も", "whole packets"),
    "name": Text("名前", "name"),
    "kind": Text("種類", "kind"),
    "label": Text("呼び名", "label"),
    "what": Text("対象", "what"),
    "role": Text("役割", "role"),
    "second": Text("2 段階認証", "second factor"),
    "left_out_before": Text("この前に省いた断り", "refusals left out before"),
    "file": Text("ファイル", "file"),
    "bytes": Text("バイト", "bytes"),
    "path": Text("ファイル", "file"),
    "now": Text("すぐに", "at once"),
    "offered": Text("更新の版", "update"),
    "by": Text("方法", "by"),
}

OUTCOMES: dict[str, tuple[str, Text]] = {
    "done": ("ok", Text("済み", "done")),
    "refused": ("warning", Text("断った", "refused")),
    "failed": ("failed", Text("失敗", "failed")),
    "interrupted": ("unknown", Text("中断", "interrupted")),
}
"""Each with its colour."""

WORDS: dict[str, Text] = {
    "audit_title": Text("操作の記録", "Audit record"),
    "audit_intro": Text(
        "だれが、いつ、何をしたかの記録です。だれにも書き換えられず、5 年残ります。",
        "Who did what and when. Nobody can change it; it is kept for five years.",
    ),
    "filter": Text("絞り込む", "Filter"),
    "from_day": Text("この日から", "From"),
    "until_day": Text("この日まで", "Until"),
    "role": Text("だれが", "Who"),
    "person": Text("ログイン名", "Log-in name"),
    "kind": Text("何を", "What"),
    "everybody": Text("すべての人", "everybody"),
    "everything": Text("すべて", "everything"),
    "show": Text("見る", "Show"),
    "show_all": Text("絞り込みをやめる", "Show all"),
    "bad_day": Text("日付は 2026-11-28 のように入力してください。", "Type a day like 2026-11-28."),
    "found_none": Text("あてはまる記録はありません。", "There is no such entry."),
    "older": Text("これより前の記録", "Older entries"),
    "newest": Text("新しい記録", "The newest"),
    "number": Text("番号", "Number"),
    "time": Text("日時", "Time"),
    "who": Text("だれが", "Who"),
    "what": Text("何を", "What"),
    "outcome": Text("結果", "Outcome"),
    "no_entry": Text("記録として読めない行", "a line that is no entry"),
    "whole": Text("書き換えの確認", "Is the record whole?"),
    "verify": Text("書き換えられていないか確かめる", "Check the record"),
    "verify_help": Text(
        "どの記録にも、その前の記録の指紋が入っています。それを最初から最後までたどります。",
        "Each entry holds the digest of the one before it; the check follows them from the first to the last.",
    ),
    "known": Text("前に控えた「番号:ハッシュ」（なくてもよい）", "NUMBER:HASH that was noted down before (optional)"),
    "intact": Text(
        "{first} 番から {last} 番まで、書き換えも抜けもありません。",
        "Entries {first} to {last} are intact: nothing was changed or removed.",
    ),
    "nothing_yet": Text("まだ記録はありません。", "There is no entry yet."),
    "broken": Text("この記録は、書かれたときのままではありません。", "The record is not as it was written."),
    "note_down": Text(
        "次の番号とハッシュをルーターの外に控えると、記録が丸ごと替えられても、あとで分かります。",
        "Note this down outside the router: with it even a record that was replaced as a whole is found later.",
    ),
    "take": Text("持ち出す", "Take away"),
    "take_help": Text(
        "いま絞り込んでいる範囲の全部を、新しい順に。JSON Lines の 1 行は、記録の 1 行とバイトまで同じです。",
        "All that the filter lets through, newest first. A line of JSON Lines is the record's line, byte for byte.",
    ),
    "as_csv": Text("CSV（表計算ソフト）", "CSV (spreadsheet)"),
    "as_lines": Text("JSON Lines", "JSON Lines"),
    "yes": Text("はい", "yes"),
    "no": Text("いいえ", "no"),
}
