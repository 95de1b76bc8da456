"""Pure: checks, explanations and captures as the local API tells them, as what the diagnostics page prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from appliance.text import Language
from webui.times import full, moment
from webui.words.diagnose import ENDS, PHASES, STATES, WORDS

Document = Mapping[str, Any]
_CLASSES = {"ok": "ok", "attention": "warning", "failed": "failed", "unknown": "unknown"}
"""Of the page's style, by a verdict's state."""


@dataclass(frozen=True, slots=True)
class VerdictView:
    """look: the state's class. word: what it is called."""

    look: str
    word: str
    code: str
    says: str
    advice: str


@dataclass(frozen=True, slots=True)
class CheckView:
    """note: when it was looked at, or that it is being looked at."""

    name: str
    title: str
    takes: str
    look: str
    word: str
    note: str
    verdicts: tuple[VerdictView, ...]
    raw: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AnswerView:
    """agrees: None where the kernel was not asked. by_rules, by_kernel: each rule that was met."""

    look: str
    word: str
    says: str
    missing: tuple[str, ...]
    kernel: str
    agrees: bool | None
    by_rules: tuple[str, ...]
    by_kernel: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CaptureView:
    name: str
    about: str


def checks(documents: Sequence[Document], language: Language) -> tuple[CheckView, ...]:
    return tuple(_check(document, language) for document in documents)


def is_running(documents: Sequence[Document]) -> bool:
    return any(document["phase"] != "idle" for document in documents)


def answer(document: Document, language: Language) -> AnswerView:
    kernel = document["kernel"]
    agrees = kernel["agrees"] if kernel else None
    passes = document["end"] == "passes"
    return AnswerView(
        look="warning" if agrees is False else "ok" if passes else "failed",
        word=ENDS[document["end"]].in_language(language),
        says=document["says"][language],
        missing=tuple(text[language] for text in document["missing"]),
        kernel=kernel["says"][language] if kernel else "",
        agrees=agrees,
        by_rules=tuple(document["path"]),
        by_kernel=tuple(kernel["path"]) if kernel else (),
    )


def captures(document: Document, language: Language) -> tuple[CaptureView, ...]:
    """Those that have ended, newest first."""
    return tuple(CaptureView(one["name"], _about(one, language)) for one in document["captures"])


def running(document: Document, language: Language) -> CaptureView | None:
    one = document["running"]
    return CaptureView(one["name"], _about(one, language)) if one else None


def _check(document: Document, language: Language) -> CheckView:
    outcome, phase = document["outcome"], document["phase"]
    state = outcome["state"] if outcome else "unknown"
    if phase != "idle":
        note = PHASES[phase].in_language(language)
    elif outcome is None:
        note = PHASES["never"].in_language(language)
    else:
        at = moment(datetime.fromtimestamp(document["at"], UTC).isoformat())
        note = WORDS["looked_at"].in_language(language).format(time=full(at, language))
    return CheckView(
        name=document["name"],
        title=document["title"][language],
        takes=WORDS["takes"].in_language(language).format(seconds=document["seconds"]),
        look=_CLASSES[state],
        word=STATES[state].in_language(language) if outcome else "",
        note=note,
        verdicts=tuple(_verdict(verdict, language) for verdict in outcome["verdicts"]) if outcome else (),
        raw=tuple(outcome["raw"]) if outcome else (),
    )


def _verdict(document: Document, language: Language) -> VerdictView:
    state, advice = document["state"], document["advice"]
    return VerdictView(
        _CLASSES[state],
        STATES[state].in_language(language),
        document["code"],
        document["says"][language],
        advice[language] if advice else "",
    )


def _about(one: Document, language: Language) -> str:
    parts = [WORDS["bytes"].in_language(language).format(number=one["bytes"])]
    if one.get("packets") is not None:
        parts.append(WORDS["packets"].in_language(language).format(number=one["packets"]))
    if "payload" in one:
        parts.append(WORDS["whole" if one["payload"] else "headers_only"].in_language(language))
    if one.get("full"):
        parts.append(WORDS["is_full"].in_language(language))
    return ("、" if language == "ja" else ", ").join(parts)
