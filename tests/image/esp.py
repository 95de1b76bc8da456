"""The EFI system partition of a disk, as it stands there."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.image.partitions import Partition, partitions

_TYPE = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
"""https://uapi-group.org/specifications/specs/discoverable_partitions_specification"""


def partition(disk: Path) -> Partition:
    return next(one for one in partitions(disk) if one.type == _TYPE)


def entries(disk: Path) -> tuple[str, ...]:
    """Names of the files from which the boot loader chooses, and of what is to become one."""
    listed = _mtools("mdir", disk, "-b", "::/EFI/Linux").decode()
    return tuple(sorted(line.removeprefix("::/EFI/Linux/") for line in listed.splitlines()))


def read(disk: Path, name: str) -> bytes:
    return _mtools("mtype", disk, f"::/{name}")


def _mtools(command: str, disk: Path, *arguments: str) -> bytes:
    place = f"{disk}@@{partition(disk).offset}"
    return subprocess.run([command, "-i", place, *arguments], capture_output=True, check=True, timeout=120).stdout
