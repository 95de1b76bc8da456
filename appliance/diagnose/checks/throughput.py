"""How fast bytes go to the data center and come from it, at a place there that the account names for that."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.diagnose.verdict import Outcome, State, Verdict
from appliance.text import Text

SLOW = 2.0
"""Megabits a second, below which a scanned document takes longer than people wait for."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One direction. carried: bytes within `seconds`. failure: what went wrong, in a few words; empty when nothing."""

    carried: int
    seconds: float
    failure: str = ""

    @property
    def mbit(self) -> float:
        return self.carried * 8 / 1e6 / self.seconds if self.seconds > 0 else 0.0


@dataclass(frozen=True, slots=True)
class ThroughputEvidence:
    """place: where it was measured, empty when the account names none. shaped: megabits a second that the settings
    hold what leaves to, None where they do not. tunnel: the one that carried."""

    place: str
    down: Leg | None = None
    up: Leg | None = None
    shaped: int | None = None
    tunnel: str = ""


def judge(found: ThroughputEvidence) -> Outcome:
    if not found.place:
        return Outcome((_NO_PLACE,), ("the account has no measure_url",))
    verdicts = (
        _verdict("down", found, found.down, Text("受信（データセンターから）", "From the data center")),
        _verdict("up", found, found.up, Text("送信（データセンターへ）", "To the data center")),
    )
    return Outcome(verdicts, (f"measured at {found.place} by tunnel {found.tunnel or '?'}", *_raw(found)))


def _verdict(way: str, found: ThroughputEvidence, leg: Leg | None, name: Text) -> Verdict:
    if leg is None or leg.failure:
        why = leg.failure if leg else "not tried"
        return Verdict(
            f"throughput.{way}-failed",
            way,
            State.FAILED,
            Text(f"{name.ja}の速さを測れませんでした（{why}）。", f"{name.en}: could not be measured ({why})."),
            Text(
                "「経路」と「名前（DNS）」の診断を先に見て、そこに問題がなければデータセンターに伝えてください。",
                "See the checks `paths` and `names` first; if those are well, tell the data center.",
            ),
        )
    shaped = found.shaped if way == "up" else None
    bound = Text(
        f"（設定の上限は毎秒 {shaped} メガビット）" if shaped else "",
        f" (the settings allow {shaped} Mbit/s)" if shaped else "",
    )
    says = Text(
        f"{name.ja}は毎秒 {leg.mbit:.1f} メガビットでした{bound.ja}。",
        f"{name.en}: {leg.mbit:.1f} Mbit/s{bound.en}.",
    )
    if leg.mbit >= SLOW:
        return Verdict(f"throughput.{way}", way, State.OK, says)
    return Verdict(
        f"throughput.{way}-slow",
        way,
        State.ATTENTION,
        Text(f"{says.ja}画像や書類の送受信に時間がかかります。", f"{says.en} Pictures and documents take long."),
        Text(
            "ほかの機器が回線を使っていないときに、もう一度測ってください。変わらなければ、回線の事業者に伝えてください。",
            "Measure again while nobody else uses the line; if it stays so, tell the line's provider.",
        ),
    )


def _raw(found: ThroughputEvidence) -> tuple[str, ...]:
    legs = (("down", found.down), ("up", found.up))
    return tuple(
        f"{way}: {leg.carried} bytes in {leg.seconds:.2f} s{f', {leg.failure}' if leg.failure else ''}"
        for way, leg in legs
        if leg is not None
    )


_NO_PLACE = Verdict(
    "throughput.no-place",
    "throughput",
    State.UNKNOWN,
    Text(
        "データセンターまでの速さは測れません。接続アカウントに、測る場所（measure_url）がないためです。",
        "The speed to the data center cannot be measured: the account names no place for it (measure_url).",
    ),
    Text(
        "必要なときは、データセンターに、測る場所を入れたアカウントを頼んでください。",
        "If it is needed, ask the data center for an account that names one.",
    ),
)
