"""What a manifest says, as plain values; reading and checking it takes a validator (`manifest`)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Chunk:
    """size, stored: bytes of its content and of what the bundle holds of it; the same where it is not compressed."""

    size: int
    stored: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Artifact:
    """chunks: places in the manifest's list, one after the other. uuid: of the partition, None for a file."""

    size: int
    chunks: tuple[int, ...]
    uuid: UUID | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """generation: grows with every version that is issued. settings: number of the settings' form that it knows.

    issued, expires: aware. artifacts: ``root``, ``root-verity``, ``uki``.
    """

    version: str
    generation: int
    issued: datetime
    expires: datetime
    hardware: tuple[str, ...]
    settings: int
    chunks: tuple[Chunk, ...]
    artifacts: Mapping[str, Artifact]

    def uuid_of(self, name: str) -> UUID:
        """name: of an artifact that is a partition."""
        found = self.artifacts[name].uuid
        if found is None:
            raise KeyError(name)
        return found


def order(version: str) -> tuple[int, ...]:
    """By which versions are compared, here as by systemd-boot, which starts the newest."""
    return tuple(map(int, version.split(".")))
