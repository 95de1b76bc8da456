"""Causes on this side of the tunnels: the router itself and its lines."""

from __future__ import annotations

from appliance.health.causes.wording import CALL, LINE_EQUIPMENT, NEAR_SIDE, WAIT, failed, ok, unknown, warning
from appliance.text import Text

_REGISTER = Text(
    "新しい端末のときは、サポート会社に電話して、登録してもらってください。",
    "If it is a new terminal, have your support company register it.",
)

ROUTER = {
    "router.ok": ok("ルーターは正常に動いています。", "The router is working normally."),
    "router.no-account": failed(
        "このルーターには、まだ接続アカウントが登録されていません。",
        "No connection account has been registered in this router yet.",
        Text(
            "登録が済むまで、レセコンにはつながりません。サポート会社に登録を頼んでください。",
            "The receipt computer cannot be reached until then. Ask your support company to register it.",
        ),
    ),
    "router.not-applied": failed(
        "このルーターは、まだ設定が終わっていません。",
        "This router has not been set up to the end.",
        Text(
            "設定が済むまで、レセコンにはつながりません。サポート会社に設定を頼んでください。",
            "The receipt computer cannot be reached until then. Ask your support company to finish the set-up.",
        ),
    ),
    "router.no-ports": failed(
        "このルーターは、どの差し込み口を使うかが決められていません。",
        "This router has not been told which of its ports is which.",
        Text(
            "工場での準備が終わっていません。サポート会社に電話してください。",
            "It has left the factory unfinished. Call your support company.",
        ),
    ),
    "router.cannot-start": failed(
        "このルーターは、設定どおりに動き始めることができません。",
        "This router cannot start as it was set up.",
        Text(
            "自動でやり直しています。1分たっても変わらないときは、サポート会社に電話してください。",
            "It keeps trying. If this does not change within a minute, call your support company.",
        ),
    ),
    "router.down": failed(
        "このルーターは、作業のために止められています。",
        "This router has been taken down for work on it.",
        Text(
            "作業が終わるまでお待ちください。心当たりがないときは、サポート会社に電話してください。",
            "Wait until the work is done. If you know of none, call your support company.",
        ),
    ),
    "router.helper": failed(
        "ルーターの中の部品（{detail}）が止まっています。", "A part inside the router ({detail}) has stopped.", WAIT
    ),
    "router.gate-keeps-former": warning(
        "ルーターの中の取り次ぎの部品が、新しい設定を受け付けません。前の設定で動いています。",
        "The part of the router that passes connections on does not take its new settings, and works on with the old.",
        Text(
            "そのままお使いください。今日のうちに、サポート会社に知らせてください。",
            "Please carry on as usual, and tell your support company today.",
        ),
    ),
    "router.clock": failed(
        "ルーターの時計が合っていません。",
        "The router's clock is wrong.",
        Text(
            "待っていても直りません。サポート会社に電話してください。",
            "It does not right itself: call your support company.",
        ),
    ),
    "router.clock-but-working": warning(
        "ルーターの時計が合っていません。通信はできています。",
        "The router's clock is wrong. The connection works.",
        Text(
            "そのままお使いください。待っていても直らないので、今日のうちに、サポート会社に知らせてください。",
            "Please carry on as usual. It does not right itself: tell your support company today.",
        ),
    ),
    "router.settings-differ": warning(
        "ルーターの中の状態が、決められた設定と違っています。",
        "The state inside the router differs from its settings.",
        Text(
            "10分たっても変わらないときは、サポート会社に電話してください。",
            "If this does not change within ten minutes, call your support company.",
        ),
    ),
    "router.strangers": warning(
        "登録と合わない機器（{detail}）がレセコンにつなごうとしたので、断りました。",
        "A machine that is not registered as it is ({detail}) tried to reach the receipt computer and was refused.",
        Text(
            "端末を増やしたり、取り替えたりしたときは、サポート会社に電話して、カッコの中の番号を伝えてください。"
            "心当たりがないときも、今日のうちに知らせてください。",
            "Where a terminal has been added or replaced, call your support company and tell it the numbers in "
            "brackets. If you know of none, tell it today all the same.",
        ),
    ),
    "router.another-card": warning(
        "「{detail}」のアドレスを、登録と違う機器（または、取り替えた部品）が使っています。通信を断っています。",
        "Another machine, or a replaced network card, uses the address of “{detail}”; it is refused.",
        _REGISTER,
    ),
    "router.another-address": warning(
        "「{detail}」が、登録と違うアドレスを使っています。通信を断っています。",
        "“{detail}” uses another address than the registered one; it is refused.",
        Text(
            "その端末の電源を入れ直してください。変わらないときは、サポート会社に電話してください。",
            "Switch that terminal off and on. If this does not change, call your support company.",
        ),
    ),
    "router.not-listed": warning(
        "登録されていない機器です。通信を断っています。",
        "This machine is not registered; it is refused.",
        _REGISTER,
    ),
}

LINE = {
    "line.ok": ok("インターネット側につながっています。", "The Internet side is connected."),
    "line.not-set-up": unknown(
        "インターネット側の設定が、まだありません。", "The Internet side has not been set up yet.", CALL
    ),
    "line.no-cable": failed(
        "インターネット側のケーブルが抜けています。",
        "The cable of the Internet side is unplugged.",
        Text(
            "ルーターの「WAN」と書かれた口を見て、ケーブルを奥まで差してください。"
            "反対側の機器の電源も確かめてください。2分たっても直らないときは、サポート会社に電話してください。",
            "Look at the router's port marked WAN and push the cable in until it clicks. Check that the box at its "
            "other end has power. If nothing changes within two minutes, call your support company.",
        ),
    ),
    "line.no-address": failed(
        "インターネット側の機器から、通信に必要な番号（アドレス）をもらえません。",
        "The line equipment gives this router no address.",
        LINE_EQUIPMENT,
    ),
    "line.no-server": failed(
        "インターネット側の機器（ONU）の先から返事がありません。",
        "Nothing answers beyond the line equipment (the ONU).",
        LINE_EQUIPMENT,
    ),
    "line.login-refused": failed(
        "インターネットの会社が、接続用の ID かパスワードを受け付けません。",
        "The Internet provider does not accept the user name or the password of this line.",
        CALL,
    ),
    "line.no-password": failed(
        "インターネットの会社に見せるパスワードが、このルーターにありません。",
        "The password that the Internet provider asks for is not in this router.",
        CALL,
    ),
    "line.no-ip": failed(
        "インターネットの会社とはつながりましたが、通信に必要な番号（アドレス）をもらえません。",
        "The Internet provider lets this router in but gives it no address.",
        NEAR_SIDE,
    ),
    "line.no-far-end": failed(
        "インターネット回線の中継装置（{detail}）が見つかりません。",
        "The line's relay ({detail}) cannot be found.",
        CALL,
    ),
    "line.wrong-rule": failed(
        "回線の番号（プレフィックス）が、設定の MAP-E のルールに合いません。",
        "The line's prefix is not of the MAP-E rule in the settings.",
        CALL,
    ),
    "line.far-end-silent": failed(
        "インターネット回線の中継装置（{detail}）から返事がありません。",
        "The line's relay ({detail}) does not answer.",
        LINE_EQUIPMENT,
    ),
    "line.overlap": failed(
        "インターネット側の機器が、院内などで使っている番号（アドレス）を配っているので、つなげません（{detail}）。",
        "The line equipment hands out addresses that are in use inside, so the line cannot be used ({detail}).",
        Text(
            "このルーターや機器の電源を入れ直しても直りません。サポート会社に電話してください。",
            "Switching anything off and on does not help. Please call your support company.",
        ),
    ),
    "line.same-range": warning(
        "2本の回線の先の機器が、同じ範囲の番号（{detail}）を使っています。いまは使えますが、"
        "片方の回線が切れたときに、もう片方でつながるまで長くかかることがあります。",
        "The equipment of both lines uses the same range of addresses ({detail}). Both work now, but when one of them "
        "is lost, it may take long until the other one is connected.",
        Text(
            "そのままお使いください。サポート会社に、どちらかの機器の設定を変えるよう頼んでください。",
            "Please carry on as usual, and ask your support company to give one of the two another range.",
        ),
    ),
    "line.no-advertisement": failed(
        "インターネット側の機器から、IPv6 の知らせが届きません。",
        "The line equipment does not announce IPv6.",
        LINE_EQUIPMENT,
    ),
    "line.advertised-no-address": failed(
        "インターネット側の機器は IPv6 を知らせていますが、通信に必要な番号（アドレス）をもらえません。",
        "The line equipment announces IPv6, but gives this router no address.",
        LINE_EQUIPMENT,
    ),
    "line.no-resolvers": failed(
        "IPv6 のアドレスはもらえましたが、つなぎ先の場所を調べる先（DNS サーバー）を知らされていません。",
        "The line gives an IPv6 address, but no DNS server to look up the data center with.",
        LINE_EQUIPMENT,
    ),
    "line.on-spare": warning(
        "主な回線が使えないので、予備の回線で動いています。",
        "The main line is down, so the spare line is in use.",
        LINE_EQUIPMENT,
    ),
    "line.no-spare": warning(
        "予備の回線が使えません。主な回線は使えます。",
        "The spare line is down. The main line works.",
        LINE_EQUIPMENT,
    ),
    "line.one-unknown": unknown(
        "2本の回線のうち、1本を確かめられていません。", "One of the two lines could not be checked.", CALL
    ),
    "line.gateway-silent": failed(
        "インターネット側の機器が返事をしません。", "The line equipment does not answer.", LINE_EQUIPMENT
    ),
}
