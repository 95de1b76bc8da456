"""Looks after the router itself: its daemons, the kernel's settings, certificates, the clock."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Iterable
from datetime import UTC, datetime

from appliance.control.applying import Applier
from appliance.control.clock import boottime
from appliance.control.feed_gate import GateFeed
from appliance.control.records import Records
from appliance.control.translate import helpers
from appliance.engines.gate_process import NAME as GATE
from appliance.errors import SekishoError
from appliance.intent.model import RouterIntent

ENGINES_EVERY = 1.0
PROBATION = 10.0
KERNEL_EVERY = 30.0
DATES_EVERY = 600.0
CLOCK_EVERY = 30.0
"""Seconds, all five."""

_log = logging.getLogger(__name__)


async def watch_engines(intent: RouterIntent, applier: Applier, gate: GateFeed, records: Records) -> None:
    """A daemon that has just been started again must first live for a while: one that dies every second is not well."""
    well_from: dict[str, float] = {}
    while True:
        alive, started = await applier.revive()
        # One that is not wanted now, because its line is left alone, is no fault of the router's.
        alive = {**dict.fromkeys(helpers(intent), True), **alive}
        now = boottime()
        well_from.update(dict.fromkeys(started, now + PROBATION))
        if not gate.connected:
            # It is starting, or hangs: no news of it, not good news.
            alive = {name: living for name, living in alive.items() if name != GATE or not living}
        for name, living in alive.items():
            well = living and now >= well_from.get(name, 0.0)
            records.record("router.engine", name, well, "" if well else "dead")
        refused = gate.refused
        records.record("router.gate", "", refused is None, refused.code if refused else "")
        await asyncio.sleep(ENGINES_EVERY)


async def watch_kernel(applier: Applier, records: Records, lacking: str = "") -> None:
    """What a foreign hand changed is put back, and told if it cannot be. lacking: why the settings are not what they
    should be all the same."""
    while True:
        await asyncio.sleep(KERNEL_EVERY)
        try:
            for change in await applier.repair():
                _log.warning("had been changed from outside, put back: %s", change.text.en)
        except SekishoError as error:
            records.record("router.settings", "", False, error.code, str(error))
        else:
            records.record("router.settings", "", not lacking, lacking, "0")


async def watch_dates(
    ends: Iterable[tuple[str, datetime]], lists: Iterable[tuple[str, datetime]], records: Records
) -> None:
    """Days left of everything that ends, and whether lists are overdue (see `ready.AccountView`), once at the start and
    then now and again."""
    while True:
        now = datetime.now(UTC)
        for subject, due in lists:
            records.record("certificate.list", subject, now < due, "" if now < due else "overdue", f"{due:%Y-%m-%d}")
        for subject, end in ends:
            days = (end - now).total_seconds() / 86400
            records.record("certificate.days", subject, days > 0, "" if days > 0 else "expired", f"{math.floor(days)}")
        await asyncio.sleep(DATES_EVERY)


async def watch_clock(not_before: datetime, records: Records) -> None:
    """A clock that shows a time before the account was issued is wrong: the certificates are not to blame."""
    while True:
        now = datetime.now(UTC)
        plausible = now >= not_before
        detail = now.isoformat(sep=" ", timespec="seconds")
        records.record("router.clock", "", plausible, "" if plausible else "past", detail)
        await asyncio.sleep(CLOCK_EVERY)
