"""The board of lights: keeps what was seen, and since when each light shows what it shows."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.health.causes import CAUSES, SECURITY
from appliance.health.facts import Facts
from appliance.health.judge import judge
from appliance.health.model import Evidence, Light, State
from appliance.health.roots import roots
from appliance.health.verdict import SEVERITY, Expected, Verdict
from appliance.text import Text

__all__ = ["Board", "Expected", "Headline", "headline"]


class Board:
    """Evidence in, lights out. No clock and no I/O: whoever calls says what time it is.

    All times are seconds of CLOCK_BOOTTIME. Not safe for use by several threads at once.
    """

    def __init__(self) -> None:
        self._facts = Facts()
        self._expected = Expected()
        self._shown: dict[tuple[str, ...], tuple[str, float]] = {}

    def record(self, evidence: Evidence) -> None:
        """Take an observation in; one older than what is known changes nothing. ValueError: unknown kind."""
        self._facts.record(evidence)

    def expect(self, expected: Expected) -> None:
        """Say what there should be; what was seen of anything else is forgotten."""
        self._expected = expected
        self._facts.keep(expected.wants)

    def lights(self, now: float) -> tuple[Light, ...]:
        """The lights: the worst that stands for itself first, each followed by the ones that it explains."""
        verdicts = judge(self._facts, self._expected, now)
        explained = roots(verdicts)
        shown: dict[tuple[str, ...], tuple[str, float]] = {}
        lights = {
            verdict.name: self._light(verdict, (), explained.get(verdict.name), now, shown) for verdict in verdicts
        }
        self._shown = shown
        ordered: list[Light] = []
        for root in sorted(
            (light for light in lights.values() if light.root is None), key=lambda light: SEVERITY[light.state]
        ):
            ordered += [root, *(light for light in lights.values() if light.root == root.name)]
        return tuple(ordered)

    def evidence(self, now: float) -> tuple[Evidence, ...]:
        """All observations that still count, by kind and subject."""
        return tuple(seen.evidence for seen in self._facts.all_fresh(now))

    def carrying(self, now: float) -> str | None:
        """The tunnel that carries the traffic now, as far as is known."""
        for name in self._expected.tunnels:
            seen = self._facts.fresh(now, "tunnel.carrying", name)
            if seen and seen.ok:
                return name
        return None

    def _light(
        self,
        verdict: Verdict,
        inside: tuple[str, ...],
        root: str | None,
        now: float,
        shown: dict[tuple[str, ...], tuple[str, float]],
    ) -> Light:
        key = (*inside, verdict.name)
        # A state belongs to its cause, so a change of either is a change of the cause.
        cause, since = self._shown.get(key, ("", now))
        shown[key] = (verdict.cause, since if cause == verdict.cause else now)
        text = CAUSES[verdict.cause]
        newest = max((seen.at for seen in verdict.behind), default=None)
        return Light(
            name=verdict.name,
            title=verdict.title,
            state=verdict.state,
            cause=verdict.cause,
            summary=_filled(text.summary, verdict),
            advice=_filled(text.advice, verdict),
            since=shown[key][1],
            evidence_age=None if newest is None else max(0.0, now - newest),
            root=root,
            parts=tuple(self._light(part, key, None, now, shown) for part in verdict.parts),
        )


def _filled(text: Text, verdict: Verdict) -> Text:
    return Text(
        text.ja.format_map({name: value.ja for name, value in verdict.values.items()}),
        text.en.format_map({name: value.en for name, value in verdict.values.items()}),
    )


@dataclass(frozen=True, slots=True)
class Headline:
    """The one sentence that a person reads first. text: what it means for the work, then why."""

    state: State
    text: Text
    advice: Text


_ALL_WELL = Text("レセコンにつながっています。すべて正常です。", "The receipt computer is connected. All is well.")
_CHECKING = Text("接続の様子を確認しています。少しお待ちください。", "Checking the connection. Please wait a moment.")
_NOTHING = Text("", "")
_NO_RECEIPTS = Text("レセコンにつながりません。", "The receipt computer cannot be reached. ")
_PROTECTED = Text(
    "安全のため、レセコンへの通信を止めました。", "The way to the receipt computer is closed for safety. "
)
_STILL_WORKS = Text("レセコンは使えます。", "The receipt computer works. ")
_MAY_NOT_WORK = Text("レセコンを使えないことがあります。", "The receipt computer may not be usable. ")


def headline(lights: tuple[Light, ...]) -> Headline:
    """Sum up what `Board.lights` returned."""
    worst = lights[0]
    if worst.state is State.OK:
        return Headline(State.OK, _ALL_WELL, worst.advice)
    if worst.cause.endswith(".checking"):
        return Headline(worst.state, _CHECKING, worst.advice)
    effect = _effect(worst, next(light for light in lights if light.name == "engine"))
    return Headline(worst.state, Text(effect.ja + worst.summary.ja, effect.en + worst.summary.en), worst.advice)


def _effect(worst: Light, engine: Light) -> Text:
    """What the worst light means for the work at the reception; empty where its own words say it."""
    if worst.cause in SECURITY:
        return _PROTECTED
    if engine.state is State.FAILED:
        return _NOTHING if worst.cause == "engine.some-services" else _NO_RECEIPTS
    if engine.state is State.UNKNOWN:
        return _NOTHING if engine.root is None else _NO_RECEIPTS
    if worst.cause == "router.helper":
        # The engines prove themselves without the gate and the terminals' names, so their light says nothing here.
        return _MAY_NOT_WORK
    return _NOTHING if worst is engine else _STILL_WORKS
