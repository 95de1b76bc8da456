"""Pure: moments and spans as people say them, in the clinics' time."""

from __future__ import annotations

from datetime import datetime, timedelta

from appliance.text import JAPAN, Language, Text


def moment(iso: str) -> datetime:
    """Of a moment as the local API tells it (ISO 8601)."""
    return datetime.fromisoformat(iso).astimezone(JAPAN)


_UNITS = (
    (86400, Text("日", "day")),
    (3600, Text("時間", "hour")),
    (60, Text("分", "minute")),
    (1, Text("秒", "second")),
)


def span(length: timedelta, language: Language) -> str:
    """In the one unit that people would use."""
    seconds = max(0, int(length.total_seconds()))
    size, unit = next((size, unit) for size, unit in _UNITS if seconds >= size or size == 1)
    number = seconds // size
    plural = "" if number == 1 else "s"
    return f"{number}{unit.ja}" if language == "ja" else f"{number} {unit.en}{plural}"


def length(seconds: float, language: Language) -> str:
    """In the one or two units that people would use."""
    minutes = int(seconds) // 60
    if minutes < 60:
        return span(timedelta(seconds=seconds), language)
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return span(timedelta(hours=hours), language)
    parts = [span(timedelta(hours=hours), language)] if hours < 24 else []
    if hours >= 24:
        parts, rest = [f"{hours}時間" if language == "ja" else f"{hours} hours"], 0
    if rest:
        parts.append(span(timedelta(minutes=rest), language))
    return "".join(parts) if language == "ja" else " ".join(parts)


def day(when: datetime, language: Language) -> str:
    return f"{when.year}年{when.month}月{when.day}日" if language == "ja" else f"{when:%Y-%m-%d}"


def short(when: datetime, now: datetime, language: Language) -> str:
    """As people say it now: the year only where it is another one."""
    if when.date() == now.date():
        return f"今日 {when:%H:%M}" if language == "ja" else f"today {when:%H:%M}"
    if when.year == now.year:
        return f"{when.month}月{when.day}日 {when:%H:%M}" if language == "ja" else f"{when:%m-%d %H:%M}"
    return full(when, language)


def full(when: datetime, language: Language) -> str:
    if language == "ja":
        return f"{when.year}年{when.month}月{when.day}日 {when:%H:%M}"
    return f"{when:%Y-%m-%d %H:%M}"
