"""Pure: a change on trial, and what a change changes → what the templates print. Of ``site.trial``, ``site.diff``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from appliance.sentences import in_sentences
from appliance.text import Language, Text
from webui.times import moment
from webui.words import setup, trial

WORDS = setup.WORDS | trial.WORDS
"""Of the templates that print these."""
_HEAD = 2
"""Lines of a diff that only name its two sides."""
_TAGS = {"+": "ins", "-": "del", "@": "gap"}


@dataclass(frozen=True, slots=True)
class Running:
    """until: as a clock shows it, iso: the same for the script. reach: where the page is with the new settings."""

    phase: str
    says: str
    until: str
    iso: str
    reach: str
    may_confirm: bool

    @property
    def is_open(self) -> bool:
        """Whether anybody can still decide about it."""
        return self.phase != "returning"


@dataclass(frozen=True, slots=True)
class Line:
    """tag: of HTML, ``gap`` where lines are left out, empty for what stays."""

    tag: str
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """steps: what changes inside the router, in words. account: which goes and which comes, empty when it stays."""

    lines: tuple[Line, ...] = ()
    steps: tuple[str, ...] = ()
    account: str = ""

    def __bool__(self) -> bool:
        return bool(self.lines or self.steps or self.account)


def running(told: Mapping[str, Any] | None, place: str, language: Language) -> Running | None:
    """told: ``site.trial``. place: of the page that shows it."""
    if told is None:
        return None
    until, phase = moment(told["until"]), told["phase"]
    words = "try_confirm" if phase == "waiting" and told["may_confirm"] else f"try_{phase}"
    return Running(
        phase,
        WORDS[words].in_language(language),
        WORDS["try_until"].in_language(language).format(time=f"{until:%H:%M:%S}"),
        told["until"],
        f"https://{told['address']}{place}" if told["address"] else "",
        told["may_confirm"],
    )


def difference(told: Mapping[str, Any], language: Language) -> Difference:
    account = told["account"]
    return Difference(
        tuple(_line(line) for line in told["settings"][_HEAD:]),
        tuple(text.in_language(language) for text in in_sentences(told["changes"] or (), Text("", ""))),
        WORDS["try_account"].in_language(language).format(**{side: _account(account[side]) for side in account})
        if account
        else "",
    )


def all_new(toml: str) -> Difference:
    """Of settings that come where there are none."""
    return Difference(tuple(Line("ins", f"+{line}") for line in toml.splitlines()))


def seconds(minutes: str) -> int:
    """That a form asks for; 0, which no trial may last, for what is no number."""
    return 60 * int(minutes) if minutes.isascii() and minutes.isdecimal() and len(minutes) < 4 else 0


def _line(line: str) -> Line:
    tag = _TAGS.get(line[:1], "")
    return Line(tag, "⋯" if tag == "gap" else line)


def _account(side: Mapping[str, Any]) -> str:
    return f"{side['serial']} ({side['fingerprint'][:8]})"
