"""The clock is set only where that is allowed; setting it for real is for a kernel of its own (cold-clock scenario)."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.namespaces

_ASK = "from appliance.kernel import clock; print(clock.may_set())"


def test_who_may_not_set_the_clock_knows_it() -> None:
    command = ["setpriv", "--bounding-set=-sys_time", "--inh-caps=-all", "--", sys.executable, "-c", _ASK]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    assert done.stdout == "False\n"
