"""A memory stick: one FAT file system in one partition, as sticks are sold."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

_SMALL = 64 << 20
"""Bytes."""
_SECTOR = 512
_FIRST = 2048
"""Sector at which the partition begins."""
_FAT32_LBA = 0x0C
_NOTHING: Mapping[str, bytes] = MappingProxyType({})


class Stick:
    """image: the file that is made of it. files: by name, at its top. size: bytes."""

    def __init__(self, image: Path, files: Mapping[str, bytes] = _NOTHING, size: int = _SMALL) -> None:
        self.image = image
        self._size = size
        image.parent.mkdir(parents=True, exist_ok=True)
        image.unlink(missing_ok=True)
        with image.open("wb") as stream:
            os.truncate(stream.fileno(), size)
            stream.seek(446)
            # The master boot record's only entry (the middle fields are of disks that count in cylinders).
            stream.write(struct.pack("<B3sB3sII", 0, bytes(3), _FAT32_LBA, bytes(3), _FIRST, self._sectors))
            stream.seek(510)
            stream.write(b"\x55\xaa")
        self._mtools("mformat", "-F", "-T", str(self._sectors), "-h", "64", "-s", "32", "::")
        for name, data in files.items():
            self.put(name, data)

    def put(self, name: str, data: bytes) -> None:
        """Only while it is in no machine, as with a real one."""
        self._mtools("mcopy", "-o", "-", f"::{name}", input=data)

    def names(self) -> list[str]:
        """What is at its top, as far as a machine has written it."""
        return [line.removeprefix("::/") for line in self._mtools("mdir", "-b", "::").decode().splitlines()]

    def read(self, name: str) -> bytes:
        return self._mtools("mtype", f"::{name}")

    @property
    def _sectors(self) -> int:
        return self._size // _SECTOR - _FIRST

    def _mtools(self, command: str, *arguments: str, input: bytes = b"") -> bytes:
        place = f"{self.image}@@{_FIRST * _SECTOR}"
        done = subprocess.run(
            [command, "-i", place, *arguments], input=input, capture_output=True, check=True, timeout=60
        )
        return done.stdout
