"""A disk or a file at byte positions: all that an update writes goes through here."""

from __future__ import annotations

import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from appliance.errors import SekishoError


class Disk(Protocol):
    """Positions and lengths are bytes. What `write` said is on the disk once `sync` has come back, and not before."""

    def read(self, at: int, length: int) -> bytes:
        """Fewer at the end."""

    def write(self, at: int, data: bytes) -> None: ...

    def sync(self) -> None: ...

    def view(self, at: int, length: int) -> memoryview:
        """To look through, without all of it being in memory at once."""


class OpenDisk:
    """A block device or a file that is open. Raises SekishoError ``firmware.disk``."""

    def __init__(self, path: Path, descriptor: int) -> None:
        self._path, self._descriptor = path, descriptor

    def read(self, at: int, length: int) -> bytes:
        with _failing(self._path):
            found = bytearray()
            while len(found) < length and (part := os.pread(self._descriptor, length - len(found), at + len(found))):
                found += part
            return bytes(found)

    def write(self, at: int, data: bytes) -> None:
        with _failing(self._path):
            left = memoryview(data)
            while left:
                written = os.pwrite(self._descriptor, left, at)
                at, left = at + written, left[written:]

    def sync(self) -> None:
        with _failing(self._path):
            os.fsync(self._descriptor)
            # What is read from now on comes from the disk, and not from what we meant to write.
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def view(self, at: int, length: int) -> memoryview:
        with _failing(self._path):
            before = at % mmap.ALLOCATIONGRANULARITY
            mapped = mmap.mmap(self._descriptor, length + before, access=mmap.ACCESS_READ, offset=at - before)
            return memoryview(mapped)[before:]


@contextmanager
def opened(path: Path, *, size: int | None = None, writable: bool = True) -> Iterator[OpenDisk]:
    """size: of a file that is made, or cut to it. Raises SekishoError ``firmware.disk``."""
    with _failing(path):
        flags = (os.O_RDWR if writable else os.O_RDONLY) | (os.O_CREAT if size is not None else 0)
        descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
        if size is not None:
            os.ftruncate(descriptor, size)
    try:
        yield OpenDisk(path, descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _failing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise failed(path, error) from None


def failed(path: Path, error: OSError) -> SekishoError:
    return SekishoError(
        "firmware.disk",
        f"{path} を読み書きできません（{error.strerror}）。続くときは、ルーターを交換してください。",
        f"{path} cannot be read or written ({error.strerror}): if this goes on, replace the router.",
    )
