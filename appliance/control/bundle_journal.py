"""The daemon's own lines of the journal: what our own loggers said, and of nobody else's words a single one."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator

LINES = 3000
"""As many as are looked at, newest last."""
LIMIT = 15.0
"""Seconds."""
_OURS = re.compile(
    r"(?P<at>\d{4}-\d\d-\d\dT[\d:.+-]{8,24}) \S+ \S+: "
    r"(?P<said>(?:DEBUG|INFO|WARNING|ERROR|CRITICAL) appliance\.[a-z0-9_.]+: .*)"
)


def excerpt() -> str:
    """With the time of each; why there is none otherwise."""
    command = ["journalctl", "--no-pager", "--unit=sekisho", "--output=short-iso", f"--lines={LINES}"]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=LIMIT,
            check=True,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return "not to be had: this machine keeps no journal\n"
    return "".join(f"{line}\n" for line in own_lines(done.stdout.splitlines()))


def own_lines(journal: Iterable[str]) -> Iterator[str]:
    """Of journalctl's ``short-iso``: a traceback, or what somebody else's program said, is not among them. Pure."""
    for line in journal:
        if found := _OURS.fullmatch(line):
            yield f"{found['at']} {found['said']}"
