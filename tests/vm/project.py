"""The project as the guests see it: a copy of what git knows, with byte code of Debian 13's Python beside it."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.lab.filesystem import PROJECT

VM = PROJECT / "build" / "vm"
ROOT = VM / "root"
"""Debian 13, made by scripts/vm-root."""
KERNEL = VM / "linux"
"""Made by scripts/vm-kernel."""
COPY = VM / "project"
PYTHON = "/opt/venv/bin/python"
"""In the guests."""

_COMPILE = 'mount --bind "$1" "$2/project" && exec chroot "$2" "$3" -m compileall -q /project'


def refresh() -> None:
    """Bring the copy up to date; an edit during a long run does not reach the guests that are at work."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=60,
    )
    wanted = {Path(name) for name in listed.stdout.split("\0") if name and (PROJECT / name).is_file()}
    for name in sorted(wanted):
        _copy(PROJECT / name, COPY / name)
    for file in [file for file in COPY.rglob("*") if file.is_file() and "__pycache__" not in file.parts]:
        if file.relative_to(COPY) not in wanted:
            file.unlink()
    # Without it each process in the guests would compile all anew: they write no byte code.
    subprocess.run(["unshare", "--mount", "sh", "-c", _COMPILE, "sh", COPY, ROOT, PYTHON], check=True, timeout=300)
    shutil.copy2(PROJECT / "tests/vm/init", ROOT / "init")


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """One use of guests at a time in this checkout."""
    with (VM / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("-- another run of tests.vm is at work here: waiting for its end", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy(source: Path, target: Path) -> None:
    # By time and size, as byte code knows its source.
    seen = source.stat()
    if target.is_file() and (target.stat().st_mtime_ns, target.stat().st_size) == (seen.st_mtime_ns, seen.st_size):
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
