"""GUID partition tables (UEFI 2.10, section 5.3): pure, from bytes to bytes.

A slot is found by the unique GUIDs of its partitions, which are the root hash's halves: to put a version into a slot
is to give two entries other GUIDs and names. There are two copies of the table; whoever writes syncs between them.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID
from zlib import crc32

from appliance.errors import SekishoError

ROOT = UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709")
ROOT_VERITY = UUID("2c7357ed-ebd2-46d9-aec1-23d437ec2bf5")
"""Types of partitions for x86-64, https://uapi-group.org/specifications/specs/discoverable_partitions_specification."""

_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_SIGNATURE = b"EFI PART"
_SECTORS = (512, 4096)
_MOST_ENTRIES = 1024

Read = Callable[[int, int], bytes]
"""Position and length, in bytes, to bytes; fewer at the end."""


@dataclass(frozen=True, slots=True)
class Partition:
    """number: from 1. offset, size: bytes."""

    number: int
    type: UUID
    uuid: UUID
    name: str
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Copy:
    """One of the two: where its header is (sectors), and its bytes."""

    at: int
    other: int
    entries_at: int
    header: bytes
    entries: bytes


@dataclass(frozen=True, slots=True)
class Table:
    """backup None: it is damaged, and made anew by the next writing. whole: both copies say the same."""

    sector: int
    copy: Copy
    whole: bool

    def partitions(self) -> tuple[Partition, ...]:
        size = _entry_size(self.copy)
        found = []
        for number in range(len(self.copy.entries) // size):
            kind, unique, first, last, _, name = _ENTRY.unpack_from(self.copy.entries, number * size)
            if any(kind):
                found.append(
                    Partition(
                        number + 1,
                        UUID(bytes_le=kind),
                        UUID(bytes_le=unique),
                        name.decode("utf-16-le", errors="replace").split("\0", 1)[0],
                        first * self.sector,
                        (last - first + 1) * self.sector,
                    )
                )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Piece:
    """offset: bytes."""

    offset: int
    data: bytes


def read(read_at: Read) -> Table:
    """The table as the first copy has it, or the second where the first is damaged.

    Raises SekishoError ``firmware.no-partitions``.
    """
    for sector in _SECTORS:
        first = _copy(read_at, sector, 1)
        # Where the second is, only the first says; a disk's size would say it too, but not that of a file in a test.
        second = _copy(read_at, sector, first.other) if first else _backup_by_itself(read_at, sector)
        chosen = first or second
        if chosen is not None:
            return Table(sector, chosen, first is not None and second is not None and first.entries == second.entries)
    raise SekishoError(
        "firmware.no-partitions",
        "ディスクの区画の表を読めません。ルーターを交換してください。",
        "The disk's partition table cannot be read: replace the router.",
    )


def changed(table: Table, changes: Mapping[int, tuple[UUID, str]]) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """What to write for other GUIDs and names, by partition number: the backup first, and once that is on the disk,
    the primary. UEFI 2.10 section 5.3.2 has firmware go by the backup while the primary is damaged."""
    size = _entry_size(table.copy)
    entries = bytearray(table.copy.entries)
    for number, (uuid, name) in changes.items():
        at = (number - 1) * size
        entries[at + 16 : at + 32] = uuid.bytes_le
        entries[at + 56 : at + 128] = name.encode("utf-16-le").ljust(72, b"\0")[:72]
    copies = sorted((_fields(table.copy.header)[5], _fields(table.copy.header)[6]), reverse=True)
    backup, primary = copies
    entry_sectors = -(-len(entries) // table.sector)
    return (
        _pieces(table, bytes(entries), backup, primary, backup - entry_sectors),
        _pieces(table, bytes(entries), primary, backup, _primary_entries_at(table)),
    )


def _primary_entries_at(table: Table) -> int:
    return table.copy.entries_at if table.copy.at == 1 else 2


def _pieces(table: Table, entries: bytes, at: int, other: int, entries_at: int) -> tuple[Piece, ...]:
    if table.copy.at == at:
        entries_at = table.copy.entries_at
    fields = list(_fields(table.copy.header))
    fields[3], fields[5], fields[6], fields[10], fields[13] = 0, at, other, entries_at, crc32(entries)
    header = _HEADER.pack(*fields) + table.copy.header[_HEADER.size :]
    fields[3] = crc32(header)
    header = _HEADER.pack(*fields) + table.copy.header[_HEADER.size :]
    return (
        Piece(entries_at * table.sector, entries),
        Piece(at * table.sector, header.ljust(table.sector, b"\0")),
    )


def _copy(read_at: Read, sector: int, at: int) -> Copy | None:
    raw = read_at(at * sector, sector)
    if len(raw) < _HEADER.size or not raw.startswith(_SIGNATURE):
        return None
    fields = _fields(raw)
    length, crc, own, other = fields[2], fields[3], fields[5], fields[6]
    entries_at, count, size, entries_crc = fields[10], fields[11], fields[12], fields[13]
    if not _HEADER.size <= length <= sector or own != at or size < _ENTRY.size or not 0 < count <= _MOST_ENTRIES:
        return None
    header = raw[:length]
    if crc32(header[:16] + bytes(4) + header[20:]) != crc:
        return None
    entries = read_at(entries_at * sector, count * size)
    if len(entries) != count * size or crc32(entries) != entries_crc:
        return None
    return Copy(at, other, entries_at, header, entries)


def _backup_by_itself(read_at: Read, sector: int) -> Copy | None:
    """The primary's header, damaged in a check sum or not, usually still tells where the other is."""
    raw = read_at(sector, sector)
    if len(raw) < _HEADER.size or not raw.startswith(_SIGNATURE):
        return None
    return _copy(read_at, sector, _fields(raw)[6])


def _fields(header: bytes) -> tuple[int, ...]:
    return _HEADER.unpack_from(header)


def _entry_size(copy: Copy) -> int:
    return _fields(copy.header)[12]
