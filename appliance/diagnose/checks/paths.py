"""Each tunnel's path: how large packets may be, how many are lost, how long they take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import median

from appliance.diagnose.verdict import Outcome, State, Verdict
from appliance.text import Text

LOSSY = 0.05
"""Share of lost packets from which people notice: TCP halves its pace for each."""
SLOW = 0.15
"""Seconds there and back from which each log-in is felt to be slow: it takes five of them."""


@dataclass(frozen=True, slots=True)
class PathEvidence:
    """Of one tunnel. delays: of each echo that came back, in seconds. sent 0: there was no interface to send by.

    largest: bytes of the inner packet that the account allows. passes: the largest that came back, None when none
    did. in_force: what the router holds connections to, None as the account says.
    """

    tunnel: str
    line: str
    sent: int
    delays: tuple[float, ...]
    largest: int
    passes: int | None
    in_force: int | None = None

    @property
    def lost(self) -> float:
        """Share of the echoes that did not come back."""
        return 1 - len(self.delays) / self.sent if self.sent else 1.0


def judge(paths: Iterable[PathEvidence]) -> Outcome:
    paths = tuple(paths)
    return Outcome(tuple(verdict for path in paths for verdict in _verdicts(path)), tuple(map(_raw, paths)))


def _verdicts(path: PathEvidence) -> Iterator[Verdict]:
    name = path.tunnel
    if not path.delays:
        yield Verdict(
            "path.dead",
            name,
            State.FAILED,
            Text(
                f"トンネル {name} の向こうから、返事がひとつもありません（{path.sent} 回試しました）。",
                f"Nothing comes back through tunnel {name} ({path.sent} tries).",
            ),
            Text(
                f"回線 {path.line} がインターネットにつながっているか、ランプと「名前（DNS）」の診断で"
                "確かめてください。"
                "もう一方のトンネルが働いていれば、診療は続けられます。",
                f"Check that line {path.line} reaches the internet (lights, check `names`); "
                "while the other tunnel works, so does the clinic.",
            ),
        )
        return
    yield _quality(path)
    yield _width(path)


def _quality(path: PathEvidence) -> Verdict:
    name, lost = path.tunnel, path.lost
    middle, longest = median(path.delays) * 1000, max(path.delays) * 1000
    figures = Text(
        f"往復 {middle:.0f} ミリ秒（最大 {longest:.0f}）、失われたパケット {lost:.0%}（{path.sent} 個中）",
        f"{middle:.0f} ms there and back (at most {longest:.0f}), {lost:.0%} of {path.sent} packets lost",
    )
    if lost >= LOSSY:
        return Verdict(
            "path.lossy",
            name,
            State.ATTENTION,
            Text(
                f"トンネル {name} でパケットが失われています。{figures.ja}。動作が遅くなったり、途切れたりします。",
                f"Tunnel {name} loses packets: {figures.en}. Work becomes slow or is interrupted.",
            ),
            Text(
                f"回線 {path.line} のケーブルと機器を確かめ、回線が混んでいないときにもう一度調べてください。"
                "続くときは、回線の事業者に伝えてください。",
                f"Check cables and boxes of line {path.line}, and look again when the line is idle; "
                "if it stays so, tell the line's provider.",
            ),
        )
    if middle >= SLOW * 1000:
        return Verdict(
            "path.slow",
            name,
            State.ATTENTION,
            Text(
                f"トンネル {name} は時間がかかります。{figures.ja}。画面の切り替えが遅く感じられます。",
                f"Tunnel {name} takes long: {figures.en}. Every step of work feels slow.",
            ),
            Text(
                f"回線 {path.line} を大きなデータの送受信でふさいでいないか確かめてください。",
                f"Check whether somebody fills line {path.line} with large transfers.",
            ),
        )
    return Verdict(
        "path.good",
        name,
        State.OK,
        Text(f"トンネル {name} の通りは良好です。{figures.ja}。", f"Tunnel {name} is well: {figures.en}."),
    )


def _width(path: PathEvidence) -> Verdict:
    name = path.tunnel
    if path.passes is None:
        return Verdict(
            "path.width-unknown",
            name,
            State.UNKNOWN,
            Text(
                f"トンネル {name} を通るパケットの大きさは、調べられませんでした。",
                f"How large packets may be in tunnel {name} could not be found out.",
            ),
            Text("しばらくして、もう一度調べてください。", "Look again in a while."),
        )
    if path.passes >= path.largest:
        return Verdict(
            "path.wide",
            name,
            State.OK,
            Text(
                f"トンネル {name} は、決められた大きさ（{path.largest} バイト）のパケットまで通ります。",
                f"Tunnel {name} carries packets as large as they may be ({path.largest} bytes).",
            ),
        )
    adapted = path.in_force is not None and path.in_force <= path.passes
    return Verdict(
        "path.narrow",
        name,
        State.ATTENTION,
        Text(
            f"トンネル {name} を通るパケットは {path.passes} バイトまでで、決められた {path.largest} バイトより"
            "小さくなっています。回線の途中に、大きなパケットを黙って捨てるところがあります。"
            + (
                "ルーターは通信をこの大きさに合わせてあり、支障はありません。"
                if adapted
                else "ルーターが通信をこの大きさに合わせるまで、1、2 分かかることがあります。"
            ),
            f"Tunnel {name} carries packets of up to {path.passes} bytes instead of {path.largest}: somewhere on the "
            "line larger ones are dropped in silence. "
            + (
                "The router keeps connections within that, so nothing is wrong."
                if adapted
                else "It may take the router a minute or two to keep connections within that."
            ),
        ),
        Text(
            f"回線 {path.line} の MTU（PPPoE などの契約の値）が設定どおりか確かめてください。",
            f"Check whether the MTU of line {path.line} is what its contract (PPPoE, say) gives.",
        ),
    )


def _raw(path: PathEvidence) -> str:
    spans = " ".join(f"{delay * 1000:.1f}" for delay in path.delays) or "none"
    return (
        f"tunnel {path.tunnel} by line {path.line}: {path.sent} echoes sent, {len(path.delays)} came back; "
        f"largest allowed {path.largest}, largest that passed {path.passes}, in force {path.in_force or path.largest}; "
        f"milliseconds: {spans}"
    )
