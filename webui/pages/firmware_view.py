"""Pure: ``firmware.show`` and ``sticks.list`` → what the firmware's page prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from appliance.text import Language
from webui.times import moment
from webui.words import in_language
from webui.words.firmware import WORDS

DATA_CENTER = ""
"""The choice that is no file."""


@dataclass(frozen=True, slots=True)
class Shown:
    """says: how an update stands, in a sentence. progress, last, why, again: empty where there is nothing to tell.

    again: whether a version that came back is tried another time, and what people can do.
    """

    version: str
    says: str
    progress: str
    last: str
    why: str
    again: str


@dataclass(frozen=True, slots=True)
class Choice:
    """value: of the form."""

    value: str
    label: str
    chosen: bool


def shown(told: Mapping[str, Any] | None, language: Language) -> Shown | None:
    """None where there is no image that could be updated."""
    if told is None:
        return None
    w = in_language(WORDS, language)
    last, come = told["last"], told["progress"]
    return Shown(
        version=told["version"],
        says=told["text"][language] if told["text"] else w["nothing_to_tell"],
        progress=w["progress"].format(percent=100 * come["come"] // come["total"]) if come and come["total"] else "",
        last=f"{moment(last['at']):%Y-%m-%d %H:%M} {w[last['ended']].format(version=last['version'])}" if last else "",
        why=last["reason"][language] if last and last["reason"] else "",
        again=w[last["again"]] if last and last["again"] else "",
    )


def choices(files: Sequence[Mapping[str, Any]], language: Language) -> tuple[Choice, ...]:
    """Each firmware on a stick, the first of them chosen, and what the data center has."""
    w = in_language(WORDS, language)
    labels = {
        file["path"]: w["of_stick"].format(
            stick=file["stick"], file=PurePosixPath(file["path"]).name, mb=-(-file["size"] // 1_000_000)
        )
        for file in files
        if file["kind"] == "firmware"
    }
    labels[DATA_CENTER] = w["of_data_center"]
    first = next(iter(labels))
    return tuple(Choice(value, label, value == first) for value, label in labels.items())
