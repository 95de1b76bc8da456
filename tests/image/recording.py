"""What a disk is left with when the power goes: QEMU's record of all that was written to it, replayed up to a moment.

QEMU (driver ``blklogwrites``) writes what dm-log-writes does: a sector that describes the log, then for each request a
sector of its own and the data (Linux, Documentation/admin-guide/device-mapper/log-writes.rst). Requests stand there in
the order in which the disk was done with them.

A disk holds what was flushed. What was written since may be there or not, in any order, and of each request any of its
sectors: a disk has written a sector or not.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tests.image.emulated import copy_disk

SECTOR = 512
_HEAD = struct.Struct("<QQQI")
_MAGIC = 0x6A736677736872
_ENTRY = struct.Struct("<QQQQ")
_FLUSH, _FUA, _DISCARD = 1, 2, 4
_AT_ONCE = 8 << 20


class Kind(Enum):
    WRITE = "write"
    DISCARD = "discard"
    FLUSH = "flush"


@dataclass(frozen=True, slots=True)
class Request:
    """at, size: bytes on the disk. data: where it stands in the log, for a write. end: where the next one begins."""

    kind: Kind
    at: int
    size: int
    data: int
    end: int


def requests(log: Path) -> list[Request]:
    """Raises ValueError where it is none. A request that the cut kept QEMU from writing down whole is none."""
    found = []
    length = log.stat().st_size
    with log.open("rb") as stream:
        magic, version, _, _ = _HEAD.unpack(stream.read(_HEAD.size))
        if magic != _MAGIC or version != 1:
            raise ValueError(f"{log} is no log of writes")
        at = SECTOR
        while at + SECTOR <= length:
            stream.seek(at)
            sector, sectors, flags, _ = _ENTRY.unpack(stream.read(_ENTRY.size))
            if flags & _FUA:
                raise ValueError(f"{log} has a write that is flushed by itself, which this does not know")
            kind = Kind.FLUSH if flags & _FLUSH else Kind.DISCARD if flags & _DISCARD else Kind.WRITE
            size = sectors * SECTOR
            end = at + SECTOR + (size if kind is Kind.WRITE else 0)
            if end > length or (kind is Kind.WRITE and not size):
                break
            found.append(Request(kind, sector * SECTOR, size, at + SECTOR, end))
            at = end
    return found


class Replay:
    """A disk that goes through the log, cut by cut. made: what the log holds. folder: for what it needs meanwhile."""

    def __init__(self, before: Path, log: Path, made: Sequence[Request], folder: Path) -> None:
        self._log = log
        self._requests = made
        self._sure = folder / "sure.raw"
        self._done = 0
        copy_disk(before, self._sure)

    def cut(self, point: int, chance: random.Random | None, left: Path) -> int:
        """Make `left` a disk whose power went when `point` requests had been made; points only rise.

        chance None: all that was written is there. Returns how many of the requests had not been flushed.
        """
        ends = (n + 1 for n in range(point - 1, self._done - 1, -1) if self._requests[n].kind is Kind.FLUSH)
        flushed = next(ends, self._done)
        self._apply(self._sure, self._requests[self._done : flushed], None)
        self._done = flushed
        copy_disk(self._sure, left)
        self._apply(left, self._requests[flushed:point], chance)
        return point - flushed

    def _apply(self, disk: Path, wanted: Sequence[Request], chance: random.Random | None) -> None:
        """chance None: all of it."""
        with disk.open("r+b") as target, self._log.open("rb") as log:
            for request in wanted:
                if request.kind is Kind.FLUSH:
                    continue
                for start, end in _kept(request.size // SECTOR, chance):
                    at, size = start * SECTOR, (end - start) * SECTOR
                    if request.kind is Kind.WRITE:
                        log.seek(request.data + at)
                    target.seek(request.at + at)
                    for done in range(0, size, _AT_ONCE):
                        part = min(_AT_ONCE, size - done)
                        target.write(log.read(part) if request.kind is Kind.WRITE else bytes(part))


def _kept(sectors: int, chance: random.Random | None) -> Iterator[tuple[int, int]]:
    """Which sectors of a request are there after the cut: all, none, or some of them."""
    fate = chance.choice(("all", "none", "some")) if chance else "all"
    if fate == "all":
        yield 0, sectors
    elif fate == "some" and chance:
        yield from ((sector, sector + 1) for sector in range(sectors) if chance.random() < 0.5)
