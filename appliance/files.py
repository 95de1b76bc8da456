"""Files that survive a power cut: write a temporary, fsync, rename, fsync the directory."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


def is_directory(path: Path, mode: int, owner: tuple[int, int]) -> bool:
    """Whether `path` is a directory, and no link to one, of `mode` and of `owner` (uid, gid)."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and stat.S_IMODE(found.st_mode) == mode and (found.st_uid, found.st_gid) == owner


def make_directory(path: Path, mode: int, owner: tuple[int, int]) -> None:
    """Have it be as `is_directory` says. What is so already is not touched, so that it needs no right to.

    Raises OSError; PermissionError where we may not make it so.
    """
    if is_directory(path, mode, owner):
        return
    path.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if (found.st_uid, found.st_gid) != owner:
            os.fchown(descriptor, *owner)
        if stat.S_IMODE(found.st_mode) != mode:
            os.fchmod(descriptor, mode)
    finally:
        os.close(descriptor)


@contextmanager
def opened_from_others(path: Path) -> Iterator[int]:
    """A file in a directory that is not ours, for reading; yields its descriptor.

    Raises OSError, also for what would have us read another file (a link), wait (a pipe), or ask a device.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a plain file", str(path))
        yield descriptor
    finally:
        os.close(descriptor)


def read_from_others(path: Path, most: int) -> bytes:
    """The first `most` bytes of it; see `opened_from_others`."""
    with opened_from_others(path) as descriptor, os.fdopen(descriptor, "rb", closefd=False) as stream:
        return stream.read(most)


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
