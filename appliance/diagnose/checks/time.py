"""The router's clock: who it follows, how far off it is, and whether it can be right at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from appliance.diagnose.verdict import Outcome, State, Verdict
from appliance.text import Text

NOTABLE = 1.0
BAD = 60.0
"""Seconds off. A second is more than any server needs; a minute makes records of two machines contradict."""


@dataclass(frozen=True, slots=True)
class TimeSource:
    """state: as chronyc(1) marks it: ``*`` followed, ``+`` combined, ``-`` left out, ``?`` not heard, ``x`` wrong,
    ``~`` trembling. reach: of the last eight questions, how many were answered."""

    name: str
    state: str
    stratum: int
    answered: int


@dataclass(frozen=True, slots=True)
class TimeEvidence:
    """now: Unix seconds, as this clock shows. offset: seconds that the clock is ahead, None while nobody is followed.

    floor: Unix seconds that the clock must not show less than; a start below is mended. begins: of the account.
    is_silent: the time daemon did not answer.
    """

    now: float
    sources: tuple[TimeSource, ...]
    followed: str
    offset: float | None
    floor: float | None
    begins: float | None
    is_silent: bool = False


def judge(found: TimeEvidence) -> Outcome:
    return Outcome((*_floors(found), _followed(found)), tuple(_raw(found)))


def _followed(found: TimeEvidence) -> Verdict:
    if found.is_silent:
        return Verdict(
            "time.silent",
            "chrony",
            State.FAILED,
            Text("時刻合わせのプログラム（chrony）が返事をしません。", "The time daemon (chrony) does not answer."),
            Text(
                "自動で起動し直すのを 1 分待ち、続くときはルーターを再起動してください。",
                "Wait a minute for its automatic restart; if it stays so, restart the router.",
            ),
        )
    if found.offset is None:
        names = ", ".join(source.name for source in found.sources) or "—"
        return Verdict(
            "time.not-followed",
            "chrony",
            State.ATTENTION,
            Text(
                f"どの時刻サーバーにも合わせていません（候補: {names}）。時計は少しずつずれていきます。",
                f"No time server is followed (there are: {names}); the clock drifts.",
            ),
            Text(
                "トンネルがつながってから数分待ち、続くときはデータセンターに伝えてください。",
                "Wait some minutes after a tunnel has come up; if it stays so, tell the data center.",
            ),
        )
    size = abs(found.offset)
    words = Text(
        f"時計は {found.followed} に合わせていて、ずれは {_span(size)}です。",
        f"The clock follows {found.followed} and is {_span_en(size)} off.",
    )
    if size < NOTABLE:
        return Verdict("time.good", found.followed, State.OK, words)
    return Verdict(
        "time.off",
        found.followed,
        State.FAILED if size >= BAD else State.ATTENTION,
        Text(
            f"{words.ja}証明書の期限や記録の時刻がずれます。",
            f"{words.en} Dates of certificates and records are off with it.",
        ),
        Text(
            "ずれは少しずつ直ります（1 時間に 5 分ほど）。急ぐときはルーターを再起動してください。",
            "It is mended bit by bit (some five minutes an hour); restart the router if that is too slow.",
        ),
    )


def _floors(found: TimeEvidence) -> Iterator[Verdict]:
    for code, floor, ja, en in (
        ("time.below-account", found.begins, "接続アカウントの開始日", "the account's first day"),
        ("time.below-last-seen", found.floor, "前に記録した時刻", "the time that was last written down"),
    ):
        if floor is not None and found.now < floor:
            yield Verdict(
                code,
                "clock",
                State.FAILED,
                Text(
                    f"時計（{_moment(found.now)}）が、{ja}（{_moment(floor)}）より前を示しています。"
                    "証明書がまだ有効でないと判断され、つながりません。",
                    f"The clock ({_moment(found.now)}) shows less than {en} ({_moment(floor)}): certificates seem not "
                    "to be valid yet, and nothing connects.",
                ),
                Text(
                    "ルーターを再起動してください。くり返すときは、時計の電池の交換を手配してください。",
                    "Restart the router; if it happens again, have the battery of its clock replaced.",
                ),
            )


def _raw(found: TimeEvidence) -> Iterator[str]:
    yield f"clock {_moment(found.now)}"
    if found.floor is not None:
        yield f"last seen {_moment(found.floor)}"
    if found.begins is not None:
        yield f"account begins {_moment(found.begins)}"
    if found.offset is not None:
        yield f"follows {found.followed}, ahead by {found.offset:+.6f} s"
    for source in found.sources:
        yield f"source {source.state} {source.name} stratum {source.stratum} answered {source.answered} of the last 8"


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _span(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ミリ秒" if seconds < 1 else f"{seconds:.0f} 秒"


def _span_en(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.0f} s"
