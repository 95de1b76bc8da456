"""Names: whether everybody who is asked for one here knows it, and how soon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from operator import attrgetter

from appliance.diagnose.verdict import Outcome, State, Verdict
from appliance.text import Text

SLOW = 1.0
"""Seconds for one answer from which a person notices."""


class Asked(StrEnum):
    """Who is asked. LINE: the line's resolvers, for the concentrators. CENTER: the data center's, for the engines.
    ROUTER: the router's own, as terminals ask it."""

    LINE = "line"
    CENTER = "center"
    ROUTER = "router"


@dataclass(frozen=True, slots=True)
class NameEvidence:
    """One question. addresses: the answer, empty for none. reason: why there is none. seconds: until it came."""

    asked: Asked
    server: str
    name: str
    addresses: tuple[str, ...]
    reason: str
    seconds: float


def judge(questions: Iterable[NameEvidence]) -> Outcome:
    """In the order of `Asked`; a group that was asked nothing is not spoken of, but for the line's."""
    asked = sorted(questions, key=lambda one: list(Asked).index(one.asked))
    by_group = {group: tuple(members) for group, members in groupby(asked, attrgetter("asked"))}
    verdicts = [verdict for group, members in by_group.items() for verdict in _verdicts(group, members)]
    return Outcome(tuple(verdicts), tuple(map(_raw, asked)))


def _verdicts(group: Asked, questions: tuple[NameEvidence, ...]) -> Iterator[Verdict]:
    for name in dict.fromkeys(question.name for question in questions):
        answers = [question for question in questions if question.name == name]
        yield _verdict(group, name, answers)


def _verdict(group: Asked, name: str, answers: list[NameEvidence]) -> Verdict:
    who = _WHO[group]
    good = [answer for answer in answers if answer.addresses]
    silent = [answer for answer in answers if not answer.addresses]
    if not good:
        reasons = ", ".join(dict.fromkeys(answer.reason for answer in silent))
        return Verdict(
            f"names.{group}-failed",
            name,
            State.FAILED,
            Text(
                f"{who.ja}は、名前 {name} のアドレスを答えません（{reasons}）。",
                f"{who.en} gives no address for {name} ({reasons}).",
            ),
            _ADVICE[group],
        )
    told = ", ".join(dict.fromkeys(address for answer in good for address in answer.addresses))
    if silent:
        servers = ", ".join(answer.server for answer in silent)
        return Verdict(
            f"names.{group}-partly",
            name,
            State.ATTENTION,
            Text(
                f"{who.ja}のうち {servers} は、名前 {name} を答えません。ほかは {told} と答えました。",
                f"Of {who.en}, {servers} does not answer for {name}; the others say {told}.",
            ),
            _ADVICE[group],
        )
    slowest = max(answer.seconds for answer in good)
    if slowest >= SLOW:
        return Verdict(
            f"names.{group}-slow",
            name,
            State.ATTENTION,
            Text(
                f"{who.ja}は名前 {name} に {told} と答えましたが、{slowest:.1f} 秒かかりました。",
                f"{who.en} says {told} for {name}, but took {slowest:.1f} s.",
            ),
            _ADVICE[group],
        )
    return Verdict(
        f"names.{group}-good",
        name,
        State.OK,
        Text(f"{who.ja}は名前 {name} に {told} と答えました。", f"{who.en} says {told} for {name}."),
    )


def _raw(question: NameEvidence) -> str:
    said = " ".join(question.addresses) or question.reason
    return f"{question.asked} {question.server}: {question.name} -> {said} ({question.seconds * 1000:.0f} ms)"


_WHO = {
    Asked.LINE: Text("回線の DNS サーバー", "the line's DNS servers"),
    Asked.CENTER: Text("データセンターの DNS サーバー", "the data center's DNS servers"),
    Asked.ROUTER: Text("このルーター", "this router"),
}
_ADVICE = {
    Asked.LINE: Text(
        "回線がインターネットにつながっているか、上位ルーターの DNS の設定を確かめてください。"
        "トンネルがつながっている間は、診療は続けられます。",
        "Check that the line reaches the internet, and the upper router's DNS settings; while a tunnel stands, "
        "work goes on.",
    ),
    Asked.CENTER: Text(
        "トンネルがつながっているか確かめ、つながっていればデータセンターに伝えてください。",
        "Check that a tunnel stands; if one does, tell the data center.",
    ),
    Asked.ROUTER: Text(
        "ルーターは、確かめられたサーバーのアドレスだけを端末に教えます。「証明書」の診断を見てください。",
        "The router tells terminals only addresses of servers that it has proven: see the check `certificates`.",
    ),
}
