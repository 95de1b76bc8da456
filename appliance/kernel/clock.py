"""The system's clock: whether it is ours to set, and setting it (clock_settime(2), capabilities(7))."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

_CAP_SYS_TIME = 25
_STATUS = Path("/proc/self/status")


def may_set() -> bool:
    """False in a container, where the clock belongs to the machine around it."""
    line = next(line for line in _STATUS.read_text().splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> _CAP_SYS_TIME & 1)


def set_to(moment: datetime) -> None:
    """moment: aware. Raises PermissionError where `may_set` is False."""
    time.clock_settime(time.CLOCK_REALTIME, moment.timestamp())
