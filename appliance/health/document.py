"""The lights as the JSON document that the local API hands to the command line, the page and other programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from appliance.health.board import headline
from appliance.health.model import Light
from appliance.text import Language, Text


class Switched(Protocol):
    """A terminal that staff may switch. until: seconds of CLOCK_BOOTTIME on the internet; None: receipt state."""

    @property
    def name(self) -> str: ...
    @property
    def label(self) -> str: ...
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
    trial: tuple[int, str, float] | None = None,
) -> dict[str, Any]:
    """The ``status`` of the local API, ready for JSON.

    wall_now (aware) and boot_now (CLOCK_BOOTTIME, seconds) are the same moment: they turn `Light.since` into UTC
    wall time. Taken anew for each document, so that setting the clock corrects what was shown before.
    clinic: id and name. vendor: name and phone. carrying: name of the tunnel that carries the traffic.
    terminals: those that staff may switch.
    trial: number of the version that is on trial, its phase, and until when (CLOCK_BOOTTIME, seconds).
    """

    def wall(boot: float) -> str:
        moment = wall_now - timedelta(seconds=boot_now - boot)
        return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")

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
                "state": "receipt" if terminal.until is None else "internet",
                "until": None if terminal.until is None else wall(terminal.until),
            }
            for terminal in terminals
        ],
        "trial": {"version": trial[0], "phase": trial[1], "until": wall(trial[2])} if trial else None,
        "headline": {"state": above.state.value, "text": above.text.as_dict(), "advice": above.advice.as_dict()},
        "lights": [document(light) for light in lights],
    }
