"""A disk with two slots and a boot loader's folder, as files: small, and with the real table and names."""

from __future__ import annotations

import hashlib
import random
import struct
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid5
from zlib import crc32

from joserfc.jwk import OKPKey

from appliance.account import keys
from appliance.site.schema import SCHEMA
from appliance.update import gpt, make
from appliance.update.entries import parse
from appliance.update.facts import order
from appliance.update.gpt import ROOT, ROOT_VERITY
from appliance.update.make import Issue

SECTOR = 512
ESP = UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
NOW = datetime(2026, 11, 28, 3, tzinfo=UTC)
ROOT_SIZE, VERITY_SIZE = 384 << 10, 64 << 10
_SPACE = UUID(int=7)


@dataclass(frozen=True, slots=True)
class Build:
    """What an image build makes of a version."""

    version: str
    root: bytes
    verity: bytes

    @property
    def root_uuid(self) -> UUID:
        return uuid5(_SPACE, hashlib.sha256(self.root).hexdigest())

    @property
    def verity_uuid(self) -> UUID:
        return uuid5(_SPACE, hashlib.sha256(self.verity).hexdigest())

    @property
    def uki(self) -> bytes:
        """Says which slot it belongs to, as the root hash in a real one does."""
        words = f"{self.root_uuid} {self.verity_uuid} {hashlib.sha256(self.root + self.verity).hexdigest()}\n"
        return words.encode() + random.Random(1).randbytes(100_000)


def build(version: str, changed: int = 0) -> Build:
    """changed: bytes that came in the middle, which move all that is behind them."""
    noise = random.Random(42)
    packed = noise.randbytes(300_000)
    packed = packed[:150_000] + random.Random(version).randbytes(changed) + packed[150_000:]
    root = packed.ljust(ROOT_SIZE, b"\0")
    verity = hashlib.sha256(root).digest() * (VERITY_SIZE // 64)
    return Build(version, root, verity.ljust(VERITY_SIZE, b"\0"))


def table(*entries: tuple[UUID, UUID, str, int], end: int) -> tuple[bytes, bytes]:
    """First and last sectors of a disk of `end` bytes: partitions of a type, GUID, name and size, one after another."""
    first, rows = 2048, b""
    for kind, unique, name, size in entries:
        last = first + size // SECTOR - 1
        rows += struct.pack(
            "<16s16sQQQ72s", kind.bytes_le, unique.bytes_le, first, last, 0, name.encode("utf-16-le").ljust(72, b"\0")
        )
        first = last + 1
    rows = rows.ljust(128 * 128, b"\0")
    sectors = end // SECTOR

    def header(at: int, other: int, rows_at: int) -> bytes:
        def packed(crc: int) -> bytes:
            return struct.pack(
                "<8sIIIIQQQQ16sQIII",
                b"EFI PART",
                0x10000,
                92,
                crc,
                0,
                at,
                other,
                34,
                sectors - 34,
                UUID(int=5).bytes_le,
                rows_at,
                128,
                128,
                crc32(rows),
            )

        return packed(crc32(packed(0))).ljust(SECTOR, b"\0")

    protective = bytearray(SECTOR)
    protective[446:462] = struct.pack("<BBBBBBBBII", 0, 0, 2, 0, 0xEE, 255, 255, 255, 1, sectors - 1)
    protective[510:] = b"\x55\xaa"
    return (
        bytes(protective) + header(1, sectors - 1, 2) + rows,
        rows + header(sectors - 1, 1, sectors - 33),
    )


def disk(running: Build) -> bytearray:
    """As the factory's first start leaves it: the other slot is empty."""
    empty = bytes(ROOT_SIZE), bytes(VERITY_SIZE)
    size = 2048 * SECTOR + 64 * SECTOR + 2 * (ROOT_SIZE + VERITY_SIZE) + 34 * SECTOR
    head, tail = table(
        (ESP, UUID(int=1), "esp", 64 * SECTOR),
        (ROOT, running.root_uuid, f"sekisho_{running.version}", ROOT_SIZE),
        (ROOT_VERITY, running.verity_uuid, f"sekisho_{running.version}", VERITY_SIZE),
        (ROOT, UUID(int=2), "_empty", ROOT_SIZE),
        (ROOT_VERITY, UUID(int=3), "_empty", VERITY_SIZE),
        end=size,
    )
    content = bytearray(size)
    content[: len(head)] = head
    content[size - len(tail) :] = tail
    at = (2048 + 64) * SECTOR
    for part in (running.root, running.verity, *empty):
        content[at : at + len(part)] = part
        at += len(part)
    return content


def bundle(folder: Path, built: Build, generation: int, key: OKPKey | None = None) -> tuple[Path, keys.Trusted]:
    """Made as the issuing side makes it."""
    key = key or keys.generate()
    image, uki = folder / f"{built.version}.raw", folder / f"{built.version}.efi"
    content = disk(built)
    image.write_bytes(content)
    uki.write_bytes(built.uki)
    out = folder / f"sekisho-{built.version}.firmware"
    issue = Issue(image, uki, built.version, generation, NOW, NOW + timedelta(days=60), ("mini-pc", "qemu"), SCHEMA)
    make.make(issue, key, out)
    return out, {key.thumbprint(): key}


def boots(read: Callable[[int, int], bytes], entries: Path) -> str:
    """The version that would come up: as systemd-boot chooses, and found whole as dm-verity would find it."""
    found = [entry for path in entries.iterdir() if (entry := parse(path.name)) and not entry.waits]
    assert found, "the boot loader has nothing to start"
    chosen = max(found, key=lambda entry: ("+0" not in entry.name, order(entry.version)))
    words = (entries / chosen.name).read_bytes().split(b"\n", 1)[0].decode().split()
    parts = {partition.uuid: partition for partition in gpt.read(read).partitions()}
    root, verity = parts[UUID(words[0])], parts[UUID(words[1])]
    assert hashlib.sha256(read(root.offset, root.size) + read(verity.offset, verity.size)).hexdigest() == words[2]
    return chosen.version
