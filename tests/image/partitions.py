"""The partitions of a disk image, as the product itself reads them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.update import gpt


@dataclass(frozen=True, slots=True)
class Partition:
    """offset, size: bytes."""

    image: Path
    name: str
    type: str
    uuid: str
    offset: int
    size: int

    def read(self, at: int, length: int) -> bytes:
        with self.image.open("rb") as disk:
            disk.seek(self.offset + at)
            return disk.read(min(length, self.size - at))


def partitions(image: Path) -> list[Partition]:
    """In the order of the table."""
    with image.open("rb") as disk:

        def read(at: int, length: int) -> bytes:
            disk.seek(at)
            return disk.read(length)

        table = gpt.read(read)
    return [
        Partition(image, entry.name, str(entry.type), str(entry.uuid), entry.offset, entry.size)
        for entry in table.partitions()
    ]
