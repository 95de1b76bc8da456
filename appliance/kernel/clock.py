"""The system's clock: whether it is ours to set, and setting it (clock_settime(2), capabilities(7))."""

from __future__ import annotations

import sys
import time
from datetime import datetime
from pathlib import Path

_CAP_SYS_TIME = 25


def may_set(process: int | None = None) -> bool:
    """False in a container, where the clock belongs to the machine around it. process: who would set it; None: we."""
    status = Path(f"/proc/{process or 'self'}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(line.split()[1], 16) >> _CAP_SYS_TIME & 1)


def set_to(moment: datetime) -> None:
    """moment: aware. Raises PermissionError where `may_set` is False."""
    time.clock_settime(time.CLOCK_REALTIME, moment.timestamp())


if __name__ == "__main__":
    set_to(datetime.fromisoformat(sys.argv[1]))
