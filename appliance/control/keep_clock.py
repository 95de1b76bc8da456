"""The clock floor: a router without a battery for its clock must not begin in the past after a power cut.

A concentrator takes a handshake that is older than one it has seen for a replay (WireGuard's
TAI64N), a certificate that begins tomorrow is refused, and the time servers are behind the tunnel
that needs the time.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import appliance
from appliance import paths
from appliance.control.ready import AccountView
from appliance.engines import clock as clock_setter
from appliance.engines import units
from appliance.errors import SekishoError
from appliance.files import write_atomically
from appliance.kernel import clock

EVERY = timedelta(minutes=3)
"""How often the time is written down: seldom enough for flash, and the most that a power cut can take."""

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

_SYSTEMD = 1
"""Its pid."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What is known of the time without a clock. not_before, expires: of the account in force. All aware."""

    built: datetime
    last_seen: datetime | None = None
    not_before: datetime | None = None
    expires: datetime | None = None


def put_forward(now: datetime, bounds: Bounds) -> datetime | None:
    """To when the clock must be put, None when it can be right. Never back.

    A time that was written down after the account's end comes from a clock that ran wild and would keep it
    wild for ever. One that is believed may be `EVERY` old, and the tunnels have shaken hands since.
    """
    known = [bounds.built] + ([bounds.not_before] if bounds.not_before else [])
    seen = bounds.last_seen
    if seen is not None and (bounds.expires is None or seen <= bounds.expires):
        known += [seen + EVERY] if now < seen else []
    earliest = max(known)
    return earliest if now < earliest else None


def read_last_seen(path: Path = paths.LAST_SEEN, boot: Path = BOOT_ID) -> datetime | None:
    """As an earlier boot wrote it; None when this one did, nothing was written yet, or it is not what we write."""
    try:
        written, of_boot = path.read_text().split()
        moment = datetime.fromisoformat(written)
        same_boot = of_boot == boot.read_text().strip()
    except (OSError, ValueError):
        return None
    return None if same_boot or moment.tzinfo is None else moment


def last_written(path: Path = paths.LAST_SEEN) -> datetime | None:
    """As any run of ours wrote it, this boot's included: until then, at least, it lived."""
    try:
        moment = datetime.fromisoformat(path.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        return None
    return None if moment.tzinfo is None else moment


def write_last_seen(path: Path = paths.LAST_SEEN, boot: Path = BOOT_ID) -> None:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_atomically(path, f"{now} {boot.read_text().strip()}\n")


def is_ours() -> bool:
    """Whether the clock may be set here, by us or by what systemd starts for us."""
    return clock.may_set(_SYSTEMD if units.has_systemd() else None)


def raise_clock(account: AccountView | None) -> None:
    """Put the clock forward if it is in the past. account: what is about to be in force."""
    built = datetime.fromtimestamp(Path(appliance.__file__).stat().st_mtime, UTC)
    limits = (account.not_before, account.expires) if account else (None, None)
    now = datetime.now(UTC)
    wanted = put_forward(now, Bounds(built, read_last_seen(), *limits))
    if wanted is None:
        return
    if not is_ours():
        _log.error("the clock shows %s, which is past, and is not ours to set", now.isoformat())
        return
    try:
        set_to = clock_setter.set_to if units.has_systemd() else clock.set_to
        set_to(wanted)
    except SekishoError as error:
        _log.error("the clock shows %s, which is past, and cannot be set: %s", now.isoformat(), error)
        return
    _log.warning("the clock showed %s, which is past: put forward to %s", now.isoformat(), wanted.isoformat())


async def keep_time() -> None:
    """Write down again and again what time it is, and once more when this ends."""
    try:
        while True:
            await asyncio.to_thread(write_last_seen)
            await asyncio.sleep(EVERY.total_seconds())
    finally:
        write_last_seen()
