"""Certificates: what each engine address shows, beside what the account expects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from appliance.diagnose.verdict import Outcome, State, Verdict, printable
from appliance.text import Text

SOON = 14
"""Days before the end of a certificate from which it is spoken of."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One certificate of a chain as the server sent it. names: what it is for. Times are aware."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    begins: datetime
    ends: datetime
    pin: str


@dataclass(frozen=True, slots=True)
class EngineEvidence:
    """Of one service at one address. address empty: the name has none. chain: as sent, whoever sent it.

    expected: the account's pins. objection: why it is not proven, its code and words; None when it is.
    """

    service: str
    host: str
    address: str
    port: int
    chain: tuple[Shown, ...]
    expected: tuple[str, ...]
    objection: tuple[str, Text] | None

    @property
    def subject(self) -> str:
        return f"{self.host} {self.address}:{self.port}" if self.address else self.host


def judge(engines: Iterable[EngineEvidence], now: datetime) -> Outcome:
    engines = tuple(engines)
    return Outcome(tuple(_verdict(engine, now) for engine in engines), tuple(_raw(engines)))


def _verdict(engine: EngineEvidence, now: datetime) -> Verdict:
    if engine.objection is not None:
        code, words = engine.objection
        return Verdict(
            f"certificates.{code}",
            engine.subject,
            State.FAILED,
            Text(
                f"{engine.subject}（{engine.service}）は、正しいサーバーと確かめられません。{words.ja}",
                f"{engine.subject} ({engine.service}) is not proven. {words.en}",
            ),
            _advice(engine, code),
        )
    if not engine.chain:
        return Verdict(
            "certificates.not-seen",
            engine.subject,
            State.UNKNOWN,
            Text(
                f"{engine.subject} は確かめられましたが、証明書の中身を見られませんでした。",
                f"{engine.subject} is proven, but its chain could not be looked at.",
            ),
            Text("もう一度調べてください。", "Look again."),
        )
    leaf = engine.chain[0]
    days = (leaf.ends - now).days
    place = Text(
        "登録された鍵の 1 番目" if leaf.pin == engine.expected[0] else "登録された予備の鍵",
        "the first of the registered keys" if leaf.pin == engine.expected[0] else "a registered reserve key",
    )
    if days < SOON:
        return Verdict(
            "certificates.ends-soon",
            engine.subject,
            State.ATTENTION,
            Text(
                f"{engine.subject} の証明書は、あと {days} 日で期限が切れます。",
                f"The certificate of {engine.subject} ends in {days} days.",
            ),
            Text("データセンターに伝えてください。", "Tell the data center."),
        )
    return Verdict(
        "certificates.good",
        engine.subject,
        State.OK,
        Text(
            f"{engine.subject}（{engine.service}）は、正しいサーバーです（{place.ja}、期限まで {days} 日）。",
            f"{engine.subject} ({engine.service}) is the right server ({place.en}, {days} days left).",
        ),
    )


def _advice(engine: EngineEvidence, code: str) -> Text:
    if code == "wrong-pin" and engine.chain:
        seen = engine.chain[0].pin
        return Text(
            f"見えた鍵は {seen} です。データセンターが鍵を替えたのか、別の機械が答えているのかを、"
            "電話でデータセンターに確かめてください。確かめられるまで、ルーターは通しません。",
            f"The key seen is {seen}. Ask the data center by telephone whether it has a new key or somebody else "
            "answers; until that is clear the router lets nothing through.",
        )
    return Text(
        "ほかのアドレスが正しければ診療は続けられます。データセンターに、この画面の内容を伝えてください。",
        "While another address is right, work goes on. Tell the data center what stands here.",
    )


def _raw(engines: Iterable[EngineEvidence]) -> Iterator[str]:
    for engine in engines:
        reason = engine.objection[0] if engine.objection else "proven"
        yield f"{engine.service} {engine.subject}: {reason}"
        yield from (f"  expected pin {pin}" for pin in engine.expected)
        for number, shown in enumerate(engine.chain):
            yield f"  chain {number}: subject {printable(shown.subject)}, issuer {printable(shown.issuer)}"
            names = ", ".join(printable(name) for name in shown.names) or "none"
            yield f"    names {names}; {shown.begins:%Y-%m-%d} to {shown.ends:%Y-%m-%d}; pin {shown.pin}"
