"""Whether the kernel's fast path works, tried by a process that may make networks: the daemon itself may not."""

from __future__ import annotations

import logging
import sys

from appliance.engines import units
from appliance.engines.spec import EngineSpec
from appliance.errors import SekishoError
from appliance.text import Text

TRIAL = EngineSpec(
    name="fast-path",
    title=Text("近道の試験", "the trial of the fast path"),
    argv=(sys.executable, "-I", "-m", "appliance.kernel.nft.trial"),
)

_log = logging.getLogger(__name__)


def works() -> bool:
    """See `appliance.kernel.nft.trial.offloads`. Only where `units.has_systemd`."""
    try:
        units.run(TRIAL)
    except SekishoError as error:
        _log.warning("the fast path is off: %s", error)
        return False
    return True
