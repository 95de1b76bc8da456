"""Words of the buttons that let the support company in, and out."""

from __future__ import annotations

from appliance.text import Text

WORDS: dict[str, Text] = {
    "maintenance": Text("遠隔保守", "Remote maintenance"),
    "maintenance_note": Text(
        "サポート会社に頼まれたときだけ、許可してください。時間が来ると、自動で閉じます。"
        "だれがいつつないだかは、記録に残ります。",
        "Allow this only when your support company asks for it. It closes by itself when the time is up, and who came "
        "in when is kept on record.",
    ),
    "maintenance_allow": Text("遠隔保守を許可する", "Allow remote maintenance"),
    "maintenance_more": Text("時間を延ばす", "More time"),
    "maintenance_end": Text("いますぐ閉じる", "Close now"),
    "maintenance_who": Text("許可する相手", "Whom to allow"),
    "maintenance_where": Text("つなぎ先（サポート会社の方へ）", "Where to connect (for the support company)"),
}
CLOSED = Text("閉じています", "Closed")
OPEN = Text("開いています", "Open")
COUNTDOWN = Text("あと {left}", "{left} left")
LET_IN = Text("{who}が入れます。{until} に自動で閉じます。", "{who} can get in. Closes by itself at {until}.")
IS_IN = Text(
    "{who}が入っています（{count}件）。{until} に自動で閉じます。",
    "{who} is in ({count}). Closes by itself at {until}.",
)
