"""Words of the time line."""

from __future__ import annotations

from appliance.text import Text

WORDS: dict[str, Text] = {
    "past": Text("これまでの様子", "What happened before"),
    "last_day": Text("この24時間", "The last 24 hours"),
    "last_month": Text("この30日", "The last 30 days"),
    "light": Text("表示", "Light"),
    "course": Text("様子", "Course"),
    "now": Text("いま", "now"),
    "outages": Text(
        "レセコンにつながらなかった時間（この30日）", "When the receipt computer could not be reached (30 days)"
    ),
    "no_outages": Text(
        "この30日に、つながらなかったことはありません。", "In the last 30 days it could be reached all the time."
    ),
    "more_outages": Text("ほかに {count} 件あります。", "There are {count} more."),
    "legend": Text("図の見方", "How to read the picture"),
    "past_unknown": Text("これまでの様子の記録を、いま読めません。", "The record cannot be read at the moment."),
}

COURSES: dict[str, Text] = {
    "ok": Text("正常", "Working"),
    "warning": Text("注意", "Attention"),
    "failed": Text("異常", "Failed"),
    "unknown": Text("分からない", "Not known"),
    "off": Text("ルーターの電源なし", "Router off"),
}

KINDS: dict[str, Text] = {
    "off": Text("ルーターの電源が切れていました。", "The router was off."),
    "unwatched": Text(
        "ルーターの見張り役が止まっていたため、分かりません。",
        "Not known, because the router's supervisor did not run.",
    ),
}

CLOSED: dict[bool, Text] = {
    True: Text("終了の操作のあとです。", "It had been shut down properly."),
    False: Text(
        "終了の操作なしに切れました（停電など）。", "It was cut off without being shut down (a power cut, perhaps)."
    ),
}

ENDINGS: dict[str, Text] = {
    "recovered": Text("", ""),
    "ongoing": Text("いまも続いています", "goes on"),
    "not-seen": Text("終わりは見ていません", "its end was not seen"),
}
