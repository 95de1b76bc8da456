"""What a check says to a person: plain words first, and what was really seen beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from appliance.text import Text


class State(StrEnum):
    """From good to bad; unknown: it could not be looked at."""

    OK = "ok"
    ATTENTION = "attention"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing that was looked at.

    code: stable, ``path.narrow``. subject: what it is about, as settings and account name it. says: what is so, and
    what it means. advice: what to do, None where nothing is to be done.
    """

    code: str
    subject: str
    state: State
    says: Text
    advice: Text | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of one check. raw: lines for whoever wants to judge for himself, in English and never a secret."""

    verdicts: tuple[Verdict, ...]
    raw: tuple[str, ...] = ()

    @property
    def state(self) -> State:
        return worst(verdict.state for verdict in self.verdicts)


def worst(states: Iterable[State]) -> State:
    """Failed before attention before unknown before ok; ok for none."""
    order = (State.FAILED, State.ATTENTION, State.UNKNOWN, State.OK)
    return min(states, key=order.index, default=State.OK)


def as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        "state": outcome.state.value,
        "verdicts": [
            {
                "code": verdict.code,
                "subject": verdict.subject,
                "state": verdict.state.value,
                "says": verdict.says.as_dict(),
                "advice": verdict.advice.as_dict() if verdict.advice else None,
            }
            for verdict in outcome.verdicts
        ],
        "raw": list(outcome.raw),
    }


def printable(text: str, longest: int = 200) -> str:
    """What a stranger said, on one line and without anything that a terminal would obey."""
    return "".join(character if character.isprintable() else "?" for character in text[:longest])
