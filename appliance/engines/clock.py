"""The system's clock, put forward by a process that may do nothing else: the daemon itself may not set it."""

from __future__ import annotations

import sys
from datetime import datetime

from appliance.engines import units
from appliance.engines.spec import EngineSpec
from appliance.text import Text


def setting(moment: datetime) -> EngineSpec:
    """What sets it, once. moment: aware."""
    return EngineSpec(
        name="clock",
        title=Text("時計を進める処理", "what puts the clock forward"),
        argv=(sys.executable, "-I", "-m", "appliance.kernel.clock", moment.isoformat()),
    )


def set_to(moment: datetime) -> None:
    """moment: aware. Only where `units.has_systemd`. Raises SekishoError ``engine.not-started``."""
    units.run(setting(moment))
