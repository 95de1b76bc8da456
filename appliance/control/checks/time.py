"""What chrony and the files of the clock floor say."""

from __future__ import annotations

import time

from appliance.control import keep_clock
from appliance.control.ready import AccountView
from appliance.diagnose.checks.time import TimeEvidence, TimeSource
from appliance.engines import chrony_control
from appliance.errors import SekishoError

SECONDS = 2


def gather(account: AccountView) -> TimeEvidence:
    """Blocking; chronyc is a process of its own."""
    begins, written = account.not_before.timestamp(), keep_clock.last_written()
    floor = written.timestamp() if written else None
    try:
        tracking, sources = chrony_control.tracking(), chrony_control.sources()
    except SekishoError:
        return TimeEvidence(time.time(), (), "", None, floor, begins, is_silent=True)
    return TimeEvidence(
        now=time.time(),
        sources=tuple(TimeSource(one.name, one.state, one.stratum, one.reach.bit_count()) for one in sources),
        followed=tracking.name if tracking else "",
        offset=tracking.offset if tracking else None,
        floor=floor,
        begins=begins,
    )
