"""After a power cut the clock begins in 1970, and no time server can be reached but through the tunnels.

The concentrators remember the router's last handshake and take an older one for a replay; certificates would not be
valid yet. Only where the kernel is the test's own: its clock is set for all machines of the world.
"""

from __future__ import annotations

import time
import uuid

import pytest

from tests.lab import observe
from tests.lab.world import World

pytestmark = [pytest.mark.namespaces, pytest.mark.real_kernel]

BOOT_ID = "/proc/sys/kernel/random/boot_id"


@pytest.fixture
def owns_clock(clock: None) -> bool:
    return True


def test_cold_clock(clinic: World) -> None:
    router = clinic.machines["router"]
    clinic.kill_appliance()
    at_the_cut = time.time()
    _take_the_power(clinic)
    router.run("date", "--utc", "--set", "1970-01-02")

    clinic.router.run()
    observe.await_green(clinic)
    assert time.time() >= at_the_cut
    clinic.client("reception").login()


def _take_the_power(clinic: World) -> None:
    """What a power cut leaves of a router: its disk, and a kernel that has not booted before."""
    router = clinic.machines["router"]
    for interface in ("sk-dc1", "sk-dc2"):
        router.run("ip", "link", "delete", "dev", interface)
    router.write("/tmp/boot-id", f"{uuid.uuid4()}\n")
    router.run("mount", "--bind", "/tmp/boot-id", BOOT_ID)
