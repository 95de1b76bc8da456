"""Words of the calendar."""

from __future__ import annotations

from appliance.text import Text

WORDS: dict[str, Text] = {
    "dates": Text("期限の予定", "What ends when"),
    "stops": Text("その日を過ぎると", "After that day"),
    "who": Text("更新する人", "Who acts"),
    "left": Text("あと {span}", "{span} left"),
    "within_a_day": Text("あと 1日未満", "less than a day left"),
    "over": Text("過ぎています", "over"),
    "later": Text("そのあとの期限（{count} 件）", "Later dates ({count})"),
    "dates_unknown": Text("期限の予定を、いま読めません。", "The dates cannot be read at the moment."),
}
