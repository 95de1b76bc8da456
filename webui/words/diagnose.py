"""The words of the diagnostics page; what checks and explanations say comes with them."""

from __future__ import annotations

from appliance.text import Text

STATES: dict[str, Text] = {
    "ok": Text("良好", "Good"),
    "attention": Text("注意", "Attention"),
    "failed": Text("異常", "Failed"),
    "unknown": Text("不明", "Not known"),
}

PHASES: dict[str, Text] = {
    "running": Text("調べています…", "Looking…"),
    "waiting": Text("順番を待っています", "Waiting"),
    "never": Text("まだ調べていません", "Not looked at yet"),
}

ENDS: dict[str, Text] = {
    "passes": Text("通します", "Passes"),
    "refused": Text("断ります", "Refused"),
    "dropped": Text("捨てます", "Dropped"),
    "no-way": Text("道がありません", "No way"),
    "no-address": Text("名前がわかりません", "No address"),
}

WORDS: dict[str, Text] = {
    "checks": Text("調べる", "Checks"),
    "checks_help": Text(
        "調べるものを選んでください。何も選ばないと、回線をふさがないものをすべて調べます。",
        "Choose what to look at; with nothing chosen, all that leave the line alone.",
    ),
    "begin": Text("調べる", "Look"),
    "takes": Text("約{seconds}秒", "about {seconds} s"),
    "looked_at": Text("調べた時刻 {time}", "looked at {time}"),
    "raw": Text("見えたもの（英語）", "What was seen"),
    "advice": Text("していただくこと", "What to do"),
    "explain": Text("通るか、なぜか", "Does it pass, and why"),
    "explain_help": Text(
        "端末から行き先への通信が通るかを、いまの規則で答え、試験用のパケットでカーネルにも確かめます。"
        "パケットは外に出ません。",
        "Answers by the rules in force whether a terminal's traffic passes, and asks the kernel with a test packet, "
        "which is not let out.",
    ),
    "terminal": Text("端末（名前か IP アドレス）", "Terminal (name or IP address)"),
    "host": Text("行き先（名前か IP アドレス）", "Destination (name or IP address)"),
    "port": Text("ポート", "Port"),
    "protocol": Text("種類", "Protocol"),
    "ask": Text("答えを見る", "Answer"),
    "by_rules": Text("規則によれば", "By the rules"),
    "by_kernel": Text("カーネルによれば", "By the kernel"),
    "capture": Text("パケットの記録", "Packet capture"),
    "capture_help": Text(
        "見出し（アドレスとポートなど）だけを記録します。中身には患者の情報が入ることがあるので、"
        "必要なときだけ選んでください。記録したことは、操作の記録に残ります。",
        "Headers only: addresses, ports and the like. Whole packets may hold patients' data: choose them only where "
        "they are needed. That you captured goes into the audit record.",
    ),
    "place": Text("場所（区画、回線、トンネルの名前）", "Place (a segment, a line, a tunnel)"),
    "for_seconds": Text("秒数（1〜600）", "Seconds (1-600)"),
    "kilobytes": Text("大きさの上限 KiB（16〜8192）", "At most KiB (16-8192)"),
    "payload": Text("中身も記録する", "Whole packets"),
    "start": Text("記録を始める", "Begin"),
    "stop": Text("記録を終える", "End"),
    "capturing": Text("記録しています", "Capturing"),
    "bytes": Text("{number} バイト", "{number} bytes"),
    "packets": Text("{number} 個のパケット", "{number} packets"),
    "headers_only": Text("見出しだけ", "headers only"),
    "whole": Text("中身も", "whole packets"),
    "is_full": Text("上限の大きさで終わりました", "ended at its size"),
    "none": Text("記録はありません。", "There is no capture."),
    "bundle": Text("サポート資料", "Support bundle"),
    "bundle_help": Text(
        "設定、規則、経路、ランプ、版などを 1 つのファイルにします。鍵やパスワードは入りません。",
        "Settings, rules, routes, lights, versions and more in one file. No key and no password is in it.",
    ),
    "make": Text("ファイルを作る", "Make the file"),
}
