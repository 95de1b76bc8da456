"""Pure: the terminals of a status document → the switch of each, and the document for shortcuts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from appliance.text import Language
from webui.times import moment, span
from webui.words.terminals import WORDS


@dataclass(frozen=True, slots=True)
class Switch:
    """One terminal. left: whole seconds until it goes back, None where it is at the receipt engine. until: when."""

    name: str
    label: str
    on_internet: bool
    word: str
    minutes: str
    until: str = ""
    left: int | None = None
    countdown: str = ""


def switches(status: Mapping[str, Any], language: Language) -> tuple[Switch, ...]:
    """None where the settings do not let staff switch."""
    if not status["switch_by_page"]:
        return ()
    at = moment(status["at"])
    return tuple(_switch(terminal, at, language) for terminal in status["terminals"])


def _switch(terminal: Mapping[str, Any], at: datetime, language: Language) -> Switch:
    minutes = span(timedelta(minutes=terminal["minutes"]), language) if terminal["minutes"] < 60 else None
    minutes = minutes or (f"{terminal['minutes']}分" if language == "ja" else f"{terminal['minutes']} minutes")
    known = {"name": terminal["name"], "label": terminal["label"], "minutes": minutes}
    if terminal["until"] is None:
        return Switch(**known, on_internet=False, word=WORDS["at_receipt"].in_language(language))
    until = moment(terminal["until"])
    left = max(0, round((until - at).total_seconds()))
    back = f"{until:%H:%M}"
    return Switch(
        **known,
        on_internet=True,
        word=WORDS["at_internet"].in_language(language),
        until=f"{back} に自動でレセコンに戻ります。" if language == "ja" else f"Goes back by itself at {back}.",
        left=left,
        countdown=WORDS["countdown"].in_language(language).format(left=f"{left // 60}:{left % 60:02}"),
    )


def for_shortcuts(status: Mapping[str, Any]) -> dict[str, Any]:
    """The small document that is described in docs/vendor.ja.md."""
    at = moment(status["at"])
    terminals = status["terminals"] if status["switch_by_page"] else []
    return {
        "at": status["at"],
        "terminals": [
            {
                "name": terminal["name"],
                "label": terminal["label"],
                "state": terminal["state"],
                "until": terminal["until"],
                "seconds_left": None
                if terminal["until"] is None
                else max(0, round((moment(terminal["until"]) - at).total_seconds())),
            }
            for terminal in terminals
        ],
    }
