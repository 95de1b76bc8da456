"""Words of the switch "receipt / internet"."""

from __future__ import annotations

from appliance.text import Text

WORDS: dict[str, Text] = {
    "terminals": Text("端末の接続先", "Where terminals go"),
    "terminals_note": Text(
        "インターネットに切り替えた端末では、そのあいだレセコンを使えません。時間が来ると、自動でレセコンに戻ります。",
        "A terminal on the internet cannot use the receipt computer meanwhile. It goes back by itself when the time is "
        "up.",
    ),
    "to_internet": Text("インターネットに切り替える", "Switch to the internet"),
    "to_receipt": Text("レセコンに戻す", "Back to the receipt computer"),
    "longer": Text("時間を延ばす", "More time"),
    "at_receipt": Text("レセコン", "Receipt computer"),
    "at_internet": Text("インターネット", "Internet"),
    "countdown": Text("あと {left}", "{left} left"),
}
