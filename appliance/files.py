"""Files that survive a power cut: write a temporary, fsync, rename, fsync the directory."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

_PRIVATE = 0o600
"""As mkstemp(3) makes it."""


def write_atomically(path: Path, data: bytes | str, mode: int = _PRIVATE) -> None:
    """Replace `path` by `data` so that a reader or a power cut sees the old or the new, never half.

    The temporary lives in the same directory (rename(2) is atomic only within a file system)
    and has `mode` before any byte is written, so a secret is never readable in between.
    """
    raw = data.encode() if isinstance(data, str) else data
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            if mode != _PRIVATE:
                # What keeps no permissions (FAT on a stick) refuses to be told others than its own.
                with suppress(PermissionError):
                    os.fchmod(stream.fileno(), mode)
            stream.write(raw)
            stream.flush()
            os.fsync(stream.fileno())
        Path(temporary).rename(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_directory(path.parent)


def remove_durably(path: Path) -> None:
    """Unlink `path` (absent is fine) and make the removal survive a power cut."""
    path.unlink(missing_ok=True)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
