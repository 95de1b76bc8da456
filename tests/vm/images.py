"""Disks for guests that know no folders of the host: root and project as file systems, /output as an archive."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

from tests.vm.project import COPY, ROOT, VM

_ROOT = VM / "root.erofs"
_KEY = VM / "root.erofs.key"
_PROJECT = VM / "project.erofs"
_ROOM = 256 << 20
"""Bytes of /output; the file has holes."""


def root() -> Path:
    """The root, made anew when scripts/vm-root has made it anew."""
    parts = (VM.joinpath("root.key").read_bytes(), (ROOT / "init").read_bytes())
    key = hashlib.sha256(b"".join(parts)).hexdigest()
    if not _ROOT.exists() or not _KEY.exists() or _KEY.read_text() != key:
        print("== Making the disk of the emulated guests from the root", flush=True)
        # The kernels' source is for building, and half of it all.
        _make(ROOT, _ROOT, "--exclude-path=usr/src")
        _KEY.write_text(key)
    return _ROOT


def project() -> Path:
    """The project as `project.refresh` has left it."""
    _make(COPY, _PROJECT)
    return _PROJECT


def disk(start: Path) -> Path:
    """Where the guest's /output travels."""
    return start.with_suffix(".disk")


def pack(output: Path, start: Path) -> Path:
    """The disk with what is in `output` now, and room for what the guest will leave there."""
    target = disk(start)
    target.unlink(missing_ok=True)
    names = sorted(path.name for path in output.iterdir())
    subprocess.run(["tar", "-c", "-f", target, "--exclude=*.disk", "-C", output, *names], check=True, timeout=60)
    os.truncate(target, _ROOM)
    return target


def _make(folder: Path, image: Path, *options: str) -> None:
    new = image.with_suffix(".new")
    new.unlink(missing_ok=True)
    subprocess.run(["mkfs.erofs", "--quiet", *options, new, folder], stdout=subprocess.DEVNULL, check=True, timeout=300)
    new.rename(image)
