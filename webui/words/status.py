"""The status page's own words; what the lights say comes with the status."""

from __future__ import annotations

from appliance.text import Text

STATES: dict[str, Text] = {
    "ok": Text("正常", "Working"),
    "warning": Text("注意", "Attention"),
    "failed": Text("異常", "Failed"),
    "unknown": Text("未確認", "Not known"),
}

WORDS: dict[str, Text] = {
    "page_title": Text("レセコンの接続状態", "Receipt computer: connection"),
    "what_to_do": Text("していただくこと", "What to do"),
    "whom_to_call": Text("サポート会社", "Support company"),
    "tell_them": Text("電話でお伝えください", "Tell them this code"),
    "lights": Text("くわしい様子", "In detail"),
    "checked": Text("確認", "Checked"),
    "firmware": Text("ルーターの更新:", "Updates of the router:"),
    "as_of": Text("この表示の時刻", "Shown as of"),
    "parts": Text("内訳", "Parts"),
    "begin": Text("設置を始める（認定ベンダー）", "Set the router up (certified vendor)"),
    "lost": Text("表示が更新できていません", "This page is not being updated"),
    "lost_since": Text("（最後の更新 {time}）", "(last update at {time})"),
    "lost_advice": Text(
        "下の表示は古いものです。このパソコンとルーターの間の線や無線、ルーターの電源を確かめてください。"
        "つながると、自動で元に戻ります。",
        "What you see below is old. Check the cable or Wi-Fi between this computer and the router, and the router's "
        "power. The page recovers by itself.",
    ),
    "log_in": Text("ベンダー・管理者のページ", "For the vendor and the manager"),
    "no_script": Text("この表示は 15 秒ごとに更新されます。", "This page reloads itself every 15 seconds."),
}

FORM_REFUSED = Text(
    "操作を受け付けませんでした。このページを開き直して、もう一度押してください。",
    "This was not accepted. Open this page anew and press the button once more.",
)
DAEMON_SILENT = Text(
    "ルーターの見張り役のプログラムが返事をしないため、様子が分かりません。",
    "The router's supervising program does not answer, so the state is not known.",
)
DAEMON_ADVICE = Text(
    "レセコンは、そのまま使えることがあります。この表示は、直ると自動で元に戻ります。"
    "3分待っても変わらないときは、サポート会社に電話してください。",
    "The receipt computer may still work. This page recovers by itself. "
    "If nothing changes within three minutes, call your support company.",
)
