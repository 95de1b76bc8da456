"""The lights, and what is behind them, as JSON documents for the command line, the page and other programs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from appliance.health.board import headline
from appliance.health.model import Evidence, Light
from appliance.health.titles import KIND_TITLES
from appliance.text import Language, Text


class Switched(Protocol):
    """A terminal that staff may switch. minutes: for how long at most.

    until: seconds of CLOCK_BOOTTIME on the internet; None: receipt state.
    """

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def minutes(self) -> int: ...
    @property
    def until(self) -> float | None: ...


def status_document(
    lights: Sequence[Light],
    *,
    wall_now: datetime,
    boot_now: float,
    clinic: tuple[str, Text] | None = None,
    language: Language = "ja",
    vendor: tuple[str, str] | None = None,
    carrying: str | None = None,
    terminals: Sequence[Switched] = (),
    switch_by_page: bool = False,
    trial: tuple[int, str, float] | None = None,
    firmware: Mapping[str, Any] | None = None,
    maintenance: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The ``status`` of the local API, ready for JSON.

    wall_now (aware) and boot_now (CLOCK_BOOTTIME, seconds) are the same moment: they turn `Light.since` into UTC
    wall time. Taken anew for each document, so that setting the clock corrects what was shown before.
    clinic: id and name. vendor: name and phone. carrying: name of the tunnel that carries the traffic.
    terminals: those that staff may switch. switch_by_page: whoever sees the page may do so.
    firmware: the ``firmware.show`` of the local API, of which the version, the stage and the sentence are told.
    maintenance: who may be let in to which terminals, and until when (CLOCK_BOOTTIME, seconds) each is; None where
    nothing can be opened.
    trial: number of the version that is on trial, its phase, and until when (CLOCK_BOOTTIME, seconds).
    """

    def wall(boot: float) -> str:
        return _iso(wall_now - timedelta(seconds=boot_now - boot))

    def document(light: Light) -> dict[str, Any]:
        return {
            "name": light.name,
            "title": light.title.as_dict(),
            "state": light.state.value,
            "cause": light.cause,
            "summary": light.summary.as_dict(),
            "advice": light.advice.as_dict(),
            "since": wall(light.since),
            "evidence_age": None if light.evidence_age is None else round(light.evidence_age, 1),
            "root": light.root,
            "parts": [document(part) for part in light.parts],
        }

    above = headline(tuple(lights))
    return {
        "at": wall(boot_now),
        "clinic": {"id": clinic[0], "name": clinic[1].as_dict()} if clinic else None,
        "language": language,
        "vendor": {"name": vendor[0], "phone": vendor[1]} if vendor else None,
        "carrying": carrying,
        "terminals": [
            {
                "name": terminal.name,
                "label": terminal.label,
                "minutes": terminal.minutes,
                "state": "receipt" if terminal.until is None else "internet",
                "until": None if terminal.until is None else wall(terminal.until),
            }
            for terminal in terminals
        ],
        "switch_by_page": switch_by_page,
        "trial": {"version": trial[0], "phase": trial[1], "until": wall(trial[2])} if trial else None,
        "firmware": {name: firmware[name] for name in ("version", "stage", "text")} if firmware else None,
        "maintenance": maintenance and _maintenance(maintenance, wall),
        "headline": {"state": above.state.value, "text": above.text.as_dict(), "advice": above.advice.as_dict()},
        "lights": [document(light) for light in lights],
    }


def _maintenance(told: Mapping[str, Any], wall: Callable[[float], str]) -> dict[str, Any]:
    return {
        "maintainers": told["maintainers"],
        "terminals": [
            {**terminal, "open": [{**one, "until": wall(one["until"])} for one in terminal["open"]]}
            for terminal in told["terminals"]
        ],
    }


def evidence_document(evidence: Sequence[Evidence], wall_now: datetime, boot_now: float) -> list[dict[str, Any]]:
    """Observations, ready for JSON; times as in `status_document`."""
    return [
        {
            "kind": seen.kind,
            "title": KIND_TITLES[seen.kind].as_dict(),
            "subject": seen.subject,
            "ok": seen.ok,
            "reason": seen.reason,
            "detail": seen.detail,
            "at": _iso(wall_now - timedelta(seconds=boot_now - seen.at)),
        }
        for seen in evidence
    ]


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
