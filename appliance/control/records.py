"""The one place where evidence is collected and shown: board, status document, subscribers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from appliance.control.clock import Instant, boottime
from appliance.control.ready import Ready
from appliance.health.board import Board, Expected
from appliance.health.document import Switched, evidence_document, status_document
from appliance.health.model import Evidence, Light, State
from appliance.site.trial import Seen, Trial

LOOK_EVERY = 0.25
"""Seconds between two looks at the lights: what a person still feels as "at once"."""
TREMBLING = 3.0
"""Seconds."""
NO_MATTER_OF_A_CHANGE = frozenset({"lan.stranger"})
"""Kinds of evidence that are no reason to take a change back: anybody may knock, also one whom it has struck off."""
TELL_EVERY = 10.0
"""Seconds after which subscribers hear the status even when nothing changed, so that silence means trouble."""


class Records:
    """Evidence in; status documents out, to whoever subscribed. Used from the event loop's thread only."""

    def __init__(self) -> None:
        self._board = Board()
        self._since = Board()
        """What has been seen since `expect` alone: nothing that was true of the settings before counts there."""
        self._trial: Trial | None = None
        self._firmware: dict[str, Any] | None = None
        self._ready: Ready | None = None
        self._terminals: tuple[Switched, ...] = ()
        self._maintenance: dict[str, Any] | None = None
        self._newest: set[asyncio.Event] = set()
        self._document: dict[str, Any] = {}

    def expect(self, ready: Ready | None, expected: Expected) -> None:
        """ready: what is in force, whose names are shown; None while nothing is."""
        self._ready = ready
        self._terminals = ()
        self._maintenance = None
        self._board.expect(expected)
        self._since = Board()
        self._since.expect(expected)

    def show_terminals(self, terminals: Sequence[Switched]) -> None:
        """Where the terminals that may be switched stand."""
        before = {terminal.name: terminal for terminal in self._terminals}
        self._terminals = tuple(_steady(before.get(terminal.name), terminal) for terminal in terminals)

    def show_maintenance(self, shown: dict[str, Any] | None) -> None:
        """See `Maintaining.shown`."""
        self._maintenance = shown

    def show_trial(self, trial: Trial | None) -> None:
        self._trial = trial

    @property
    def trial(self) -> bool:
        """Whether settings are on trial."""
        return self._trial is not None

    def show_firmware(self, shown: dict[str, Any] | None) -> None:
        """See `Updater.shown`."""
        self._firmware = shown

    def record(self, kind: str, subject: str, ok: bool, reason: str = "", detail: str = "") -> None:
        evidence = Evidence(kind, subject, ok, boottime(), reason, detail)
        self._board.record(evidence)
        if kind not in NO_MATTER_OF_A_CHANGE:
            self._since.record(evidence)

    def lights(self) -> tuple[Light, ...]:
        return self._board.lights(boottime())

    def lights_since_change(self) -> dict[str, Seen]:
        """By name, for the self-check of a trial."""
        # Without push channels, which terminals open when they like, and maintenance, which people do: neither says
        # anything about the settings.
        return {
            light.name: Seen(light.state is State.OK, light.summary)
            for light in self._since.lights(boottime())
            if light.name not in ("push", "maintenance")
        }

    def status(self) -> dict[str, Any]:
        """The ``status`` of the local API, as of now."""
        now = Instant.now()
        ready = self._ready
        trial = self._trial
        return status_document(
            self._board.lights(now.boot),
            wall_now=now.wall,
            boot_now=now.boot,
            clinic=(ready.intent.clinic_id, ready.account.clinic_name) if ready else None,
            language=ready.site.language if ready else "ja",
            vendor=ready.site.vendor if ready else None,
            carrying=self._board.carrying(now.boot),
            terminals=self._terminals,
            switch_by_page=ready.site.switch_by_page if ready else False,
            trial=(trial.version, trial.phase.value, trial.deadline) if trial else None,
            firmware=self._firmware,
            maintenance=self._maintenance,
        )

    def evidence(self) -> list[dict[str, Any]]:
        """What is behind the lights, as of now; see `health.document.evidence_document`."""
        now = Instant.now()
        return evidence_document(self._board.evidence(now.boot), now.wall, now.boot)

    async def run(self) -> None:
        """Look, and tell the subscribers when something that they can see has changed."""
        told, shown = 0.0, None
        while True:
            document = self.status()
            visible = _visible(document)
            if visible != shown or boottime() - told >= TELL_EVERY:
                told, shown, self._document = boottime(), visible, document
                for news in self._newest:
                    news.set()
            await asyncio.sleep(LOOK_EVERY)

    async def subscribe(self) -> AsyncGenerator[dict[str, Any], None]:
        """The status now, then each newer one; one that comes while the last is still being sent replaces it."""
        news = asyncio.Event()
        self._newest.add(news)
        try:
            yield self.status()
            while True:
                await news.wait()
                news.clear()
                yield self._document
        finally:
            self._newest.discard(news)


def _steady(before: Switched | None, now: Switched) -> Switched:
    """The kernel counts whole seconds: an end that trembles is no news."""
    if before and before.until and now.until and abs(before.until - now.until) < TREMBLING:
        return before
    return now


def _visible(document: dict[str, Any]) -> Any:
    """What changes only when a person would see a change: everything but the clock and the ages."""
    if isinstance(document, dict):
        return {key: _visible(value) for key, value in document.items() if key not in ("at", "evidence_age")}
    if isinstance(document, list):
        return [_visible(value) for value in document]
    return document
