"""Moments and lengths for a terminal, in the clinics' time."""

from __future__ import annotations

from datetime import datetime

from appliance.text import JAPAN, Text


def second(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(JAPAN).strftime("%Y-%m-%d %H:%M:%S")


def minute(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(JAPAN).strftime("%Y-%m-%d %H:%M")


def day(iso: str) -> str:
    return datetime.fromisoformat(iso).astimezone(JAPAN).strftime("%Y-%m-%d")


def length(seconds: int) -> Text:
    """In the two units that people would use."""
    if seconds < 60:
        return Text(f"{seconds} 秒", f"{seconds} s")
    minutes = seconds // 60
    if minutes < 60:
        return Text(f"{minutes} 分", f"{minutes} min")
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return Text(f"{hours} 時間 {minutes} 分", f"{hours} h {minutes} min")
    return Text(f"{hours // 24} 日 {hours % 24} 時間", f"{hours // 24} d {hours % 24} h")
