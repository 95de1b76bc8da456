"""The lifeline starts the machine anew when the daemon does not live, and ever more seldom."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.lab.filesystem import PROJECT

LIFELINE = PROJECT / "firmware-image/files/usr/lib/sekisho/lifeline"
WELL, REBOOTS = Path("/run/sekisho-lifeline/well"), Path("/var/lib/sekisho-lifeline/reboots")
UPTIME_S = 86400
# In the place of systemd, whose answers are set and whose reboot is only written down.
SYSTEMCTL = """#!/bin/sh
case "$*" in
*ActiveState*) cat /run/state ;;
*ActiveEnter*) cat /run/begun ;;
*NRestarts*) cat /run/restarts ;;
reboot) echo reboot >>/run/done ;;
esac
"""


def look(state: str, alive: int, well_ago: int | None, reboots: str = "", restarts: int = 5) -> tuple[bool, str | None]:
    """alive: seconds since the daemon came to life. well_ago: seconds since it was last seen well; None: not in this
    boot, which is a day old. restarts: how often it died since somebody started it. Returns whether the machine is
    started anew, and the count afterwards."""
    now = UPTIME_S
    for file in (WELL, REBOOTS):
        file.parent.mkdir(exist_ok=True)
        file.unlink(missing_ok=True)
    Path("/run/done").unlink(missing_ok=True)
    Path("/run/state").write_text(f"{state}\n")
    Path("/run/restarts").write_text(f"{restarts}\n")
    Path("/run/begun").write_text(f"{(now - alive) * 1000000}\n")
    if well_ago is not None:
        WELL.write_text(f"{now - well_ago}\n")
    if reboots:
        REBOOTS.write_text(reboots)
    place = Path("/run/bin")
    place.mkdir(exist_ok=True)
    (place / "systemctl").write_text(SYSTEMCTL)
    (place / "systemctl").chmod(0o755)
    subprocess.run([LIFELINE], env={"PATH": f"{place}:/usr/bin:/bin"}, check=True, timeout=30)
    return Path("/run/done").exists(), REBOOTS.read_text().strip() if REBOOTS.exists() else None


@pytest.mark.isolated
def test_the_lifeline() -> None:
    # How long this machine runs already is nothing that the test may hang on.
    Path("/run/uptime").write_text(f"{UPTIME_S}.00 {UPTIME_S}.00\n")
    subprocess.run(["mount", "--bind", "/run/uptime", "/proc/uptime"], check=True)
    assert look("active", 61, None, "3\n") == (False, None), "well: all is forgotten"
    assert WELL.exists()
    assert look("active", 30, 500, "3\n") == (False, "3"), "young: neither well nor lost"
    assert look("activating", 0, 500) == (False, None)
    assert look("activating", 0, 700) == (True, "1")
    assert look("active", 30, 700) == (True, "1"), "it dies again and again"
    assert look("active", 30, None, "3\n", restarts=0) == (False, "3"), "started by hand, a day after the machine"
    assert WELL.exists()
    assert look("activating", 0, 5000, restarts=0) == (False, None), "the same, after a long rest"
    assert look("failed", 0, 700, restarts=0) == (True, "1"), "it never came to life"
    assert look("failed", 0, 700, "1\n") == (False, "1")
    assert look("failed", 0, 1300, "1\n") == (True, "2")
    assert look("failed", 0, 43100, "20\n") == (False, "20")
    assert look("failed", 0, 43300, "20\n") == (True, "21")
    assert look("failed", 0, 700, "\0\0") == (True, "1"), "what a power cut has left"
