"""Runs a test in namespaces of its own: network, mounts and processes that vanish with it.

It applies to tests marked ``isolated`` (see tests/conftest.py); limit: seconds, if it needs longer than others.
The whole test, its fixtures included, runs in a second pytest, which is the first process of a new PID namespace:
whatever it starts dies with it, and nothing of it ever runs outside. It sees an empty /run and /var/lib.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

_INSIDE = "SEKISHO_TEST_INSIDE"
_LIMIT = 180


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    marker = item.get_closest_marker("isolated")
    if marker is None:
        return None
    if os.environ.get(_INSIDE) == item.nodeid:
        _empty_places()
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    started = time.time()
    failure = _run_inside(item, marker.kwargs.get("limit", _LIMIT))
    ended = time.time()
    report = pytest.TestReport(
        nodeid=item.nodeid,
        location=item.location,
        keywords=dict.fromkeys(item.keywords, 1),
        outcome="failed" if failure else "passed",
        longrepr=failure,
        when="call",
        duration=ended - started,
        start=started,
        stop=ended,
    )
    item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    # What an earlier test set up for this folder or file ends where pytest's own protocol would end it.
    item.session._setupstate.teardown_exact(nextitem)
    return True


def _run_inside(item: pytest.Item, limit: float) -> str | None:
    """None when the test passed, else what it said. limit: seconds."""
    try:
        done = subprocess.run(
            [
                *("setpriv", "--bounding-set=-sys_time", "--"),
                *("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"),
                *(sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider", "-p", "no:xdist"),
                item.nodeid,
            ],
            cwd=item.config.rootpath,
            env={**os.environ, _INSIDE: item.nodeid},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=limit,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        return f"not finished after {limit:g} s:\n{error.stdout}\n{error.stderr}"
    return None if done.returncode == 0 else f"inside the namespaces:\n{done.stdout}\n{done.stderr}"


def _empty_places() -> None:
    for place in ("/run", "/var/lib"):
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", place], check=True, timeout=10)
    for needed in ("/run/netns", "/var/lib/dhcpcd"):
        Path(needed).mkdir()
    for database in ("passwd", "group"):
        own = Path("/run") / database
        own.write_text(_of_the_firmware(Path("/etc") / database))
        subprocess.run(["mount", "--bind", own, Path("/etc") / database], check=True, timeout=10)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True, timeout=10)


def _of_the_firmware(database: Path) -> str:
    """passwd(5) or group(5), with our user for dhcpcd in the place of its package's."""
    kept = [line for line in database.read_text().splitlines() if not line.startswith("dhcpcd:")]
    ours = "sekisho-line:x:901:" + ("901::/nonexistent:/usr/sbin/nologin" if database.name == "passwd" else "")
    return "\n".join([*kept, ours]) + "\n"
