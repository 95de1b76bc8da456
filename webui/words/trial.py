"""Words of what a change changes, and of a trial beside the wizard's own (`webui.words.setup`)."""

from __future__ import annotations

from appliance.text import Text

WORDS: dict[str, Text] = {
    "try_confirm": Text(
        "新しい設定で、この画面を開けました。端末からも使えることを確かめて、よければ「確認して決める」を押してください。",
        "This page was opened over the new settings. Make sure that the terminals work too, then press “Confirm”.",
    ),
    "try_lines": Text("設定の書き方で見た違い", "The difference as it is written"),
    "try_steps": Text("ルーターの中で変わること（{count} 件）", "What changes inside the router ({count})"),
    "try_account": Text("接続アカウント: {before} → {after}", "Account: {before} → {after}"),
}
