"""Writes down what the lights show, and tells what they showed. A record that cannot be kept stops nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from appliance import paths
from appliance.control.clock import Instant, this_boot
from appliance.control.records import Records
from appliance.errors import SekishoError
from appliance.health.model import Light
from appliance.history.model import GONE, Anchor, Shown
from appliance.history.past import Past, past
from appliance.history.store import Store
from appliance.text import Text

LOOK_EVERY = 1.0
WRITE_EVERY = 5.0
"""Seconds between two writings at least: lights that flap for years must not wear out the flash."""
SET = 1.0
"""Seconds by which the wall clock has been set, and not only drifted, against CLOCK_BOOTTIME."""
FORGET_EVERY = 21600.0
"""Seconds, and as long must the wall clock have gone on without being set: one that is wrong must not age anything."""

_log = logging.getLogger(__name__)


class HistoryKeeper:
    """last_seen: until when the run before ours lived at least, by the wall clock."""

    def __init__(self, records: Records, last_seen: datetime | None, path: Path | None = None) -> None:
        self._records = records
        self._last_seen = last_seen
        self._store = Store(path or paths.PAST)

    async def run(self) -> None:
        now = _anchor()
        boot = await asyncio.to_thread(this_boot)
        await asyncio.to_thread(self._store.begin, boot, now, self._last_seen.timestamp() if self._last_seen else None)
        # Should this have to begin again, the run before it is our own.
        self._last_seen = None
        try:
            await self._watch(now)
        except asyncio.CancelledError:
            try:
                self._store.close(_anchor())
            except SekishoError as error:
                _log.error("%s", error)
            raise

    async def _watch(self, anchor: Anchor) -> None:
        told: dict[str, Shown] = {}
        written, forgotten = -WRITE_EVERY, anchor.boot
        while True:
            now = _anchor()
            if abs(now.offset - anchor.offset) > SET:
                await asyncio.to_thread(self._store.anchor, now)
                anchor, forgotten = now, now.boot
            changed = changes(told, self._records.lights())
            if changed and now.boot - written >= WRITE_EVERY:
                await asyncio.to_thread(self._store.add, now.boot, changed)
                told |= {one.light: one for one in changed}
                written = now.boot
            if now.boot - forgotten >= FORGET_EVERY:
                await asyncio.to_thread(self._store.forget, now)
                forgotten = now.boot
            await asyncio.sleep(LOOK_EVERY)

    def past(self, seconds: float) -> Past:
        """Of the last `seconds`. Raises SekishoError ``history.unusable``. Reads the disk."""
        now = _anchor()
        return past(*self._store.read(), now, now.wall - seconds)


def changes(told: dict[str, Shown], lights: Iterable[Light]) -> list[Shown]:
    """What differs from what was written down last. A light that only says the same in other words does not."""
    now = {light.name: Shown(light.name, light.state.value, light.cause, light.root, light.summary) for light in lights}
    changed = [shown for name, shown in now.items() if _essence(told.get(name)) != _essence(shown)]
    nothing = Text("", "")
    gone = [
        Shown(name, GONE, GONE, None, nothing)
        for name, before in told.items()
        if name not in now and before.state != GONE
    ]
    return changed + gone


def _essence(shown: Shown | None) -> tuple[str, str, str | None] | None:
    return None if shown is None else (shown.state, shown.cause, shown.root)


def _anchor() -> Anchor:
    now = Instant.now()
    return Anchor(now.boot, now.wall.timestamp())
