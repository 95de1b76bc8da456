"""From a bundle into the other slot, from wherever it was broken off.

Nothing notes how far it got: what the slot holds already is looked at, chunk by chunk, and so is what the slot that
runs has of it. A cut can leave a slot that is not whole, and no boot loader's entry leads there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from appliance.errors import SekishoError
from appliance.update import bundle, chunks, gpt, slots
from appliance.update.disk import Disk, opened
from appliance.update.entries import Entries
from appliance.update.facts import Artifact, Chunk, Facts
from appliance.update.slots import Slot
from appliance.update.source import Source


@dataclass(frozen=True, slots=True)
class Area:
    """A part of a disk, or a file from its beginning. size: bytes."""

    disk: Disk
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Bytes of chunks, by where they came from. kept: they were there already. local: from the slot that runs.

    fetched: of the bundle, as stored there.
    """

    kept: int = 0
    local: int = 0
    fetched: int = 0


Seeds = Mapping[bytes, tuple[Area, int]]
"""SHA-256 of a chunk → where it is on this machine, which is only believed after a look."""
Progress = Callable[[int, int], None]
"""Bytes of the bundle that have come, and that are wanted in all."""


def install(
    facts: Facts,
    source: Source,
    manifest: int,
    disk: Disk,
    running: Slot,
    entries: Entries,
    version: str,
    progress: Progress,
) -> Figures:
    """Make the other slot hold what `facts` says, with its entry for the boot loader, not yet to be started.

    manifest: length of the signed manifest, bytes. version: that runs. Raises SekishoError ``firmware.*``; what runs
    is untouched whatever happens.
    """
    table = gpt.read(disk.read)
    both = slots.slots(table, running.root.uuid)
    targets = {
        "root": Area(disk, both.other.root.offset, both.other.root.size),
        "root-verity": Area(disk, both.other.verity.offset, both.other.verity.size),
    }
    for name, area in targets.items():
        if facts.artifacts[name].size > area.size:
            raise _too_small(facts)
    # First of all: whatever happens from here on, the boot loader does not lead into a slot that is being written.
    entries.keep_only(version, facts.version)
    own = entries.directory / entries.proven(version)
    with (
        opened(own, writable=False) as kernel,
        opened(entries.half(facts.version), size=facts.artifacts["uki"].size) as half,
    ):
        length = own.stat().st_size
        targets["uki"] = Area(half, 0, facts.artifacts["uki"].size)
        seeds = dict(
            _indexed(
                Area(disk, running.root.offset, running.root.size),
                Area(disk, running.verity.offset, running.verity.size),
                Area(kernel, 0, length),
            )
        )
        figures = fill(facts, targets, source, manifest, seeds, progress)
        for area in targets.values():
            area.disk.sync()
        if any(_missing(facts.chunks, facts.artifacts[name], area) for name, area in targets.items()):
            raise _does_not_hold()
    names = {
        partition.number: (facts.uuid_of(name), f"sekisho_{facts.version}")
        for name, partition in (("root", both.other.root), ("root-verity", both.other.verity))
    }
    for pieces in gpt.changed(table, names):
        for piece in pieces:
            disk.write(piece.offset, piece.data)
        disk.sync()
    entries.whole(facts.version)
    return figures


def fill(
    facts: Facts, targets: Mapping[str, Area], source: Source, manifest: int, seeds: Seeds, progress: Progress
) -> Figures:
    """Write what `targets` do not hold yet: from `seeds` where it is there, from `source` otherwise."""
    wanted: dict[int, list[tuple[Area, int]]] = {}
    kept = sum(facts.artifacts[name].size for name in targets)
    for name, area in targets.items():
        for number, at in _missing(facts.chunks, facts.artifacts[name], area):
            wanted.setdefault(number, []).append((area, at))
            kept -= facts.chunks[number].size
    local = 0
    for number in list(wanted):
        content = _seed(facts.chunks[number], seeds)
        if content is not None:
            local += _put(content, wanted.pop(number))
    places = bundle.places(manifest, facts.chunks)
    numbers = sorted(wanted)
    total, come = sum(facts.chunks[number].stored for number in numbers), 0
    stored = source.pieces((places[number], facts.chunks[number].stored) for number in numbers)
    for number, data in zip(numbers, stored, strict=True):
        _put(bundle.unpacked(data, facts.chunks[number]), wanted[number])
        come += len(data)
        progress(come, total)
    return Figures(kept, local, come)


def _put(content: bytes, places: Sequence[tuple[Area, int]]) -> int:
    for area, at in places:
        area.disk.write(area.offset + at, content)
    return len(content) * len(places)


def _missing(known: Sequence[Chunk], artifact: Artifact, area: Area) -> list[tuple[int, int]]:
    """Chunks of the artifact that do not stand where they belong: number, and position in the area."""
    found, at = [], 0
    for number in artifact.chunks:
        chunk = known[number]
        if not bundle.is_it(area.disk.read(area.offset + at, chunk.size), chunk):
            found.append((number, at))
        at += chunk.size
    return found


def _seed(chunk: Chunk, seeds: Seeds) -> bytes | None:
    place = seeds.get(chunk.sha256)
    if place is None:
        return None
    area, at = place
    content = area.disk.read(area.offset + at, chunk.size)
    return content if bundle.is_it(content, chunk) else None


def _indexed(*areas: Area) -> Iterator[tuple[bytes, tuple[Area, int]]]:
    for area in areas:
        view = area.disk.view(area.offset, area.size)
        for start, end in chunks.cut(view):
            yield hashlib.sha256(view[start:end]).digest(), (area, start)


def _too_small(facts: Facts) -> SekishoError:
    return SekishoError(
        "firmware.too-large",
        f"版 {facts.version} は、このルーターの区画に入りません。データセンターに知らせてください。",
        f"Version {facts.version} does not fit into this router's slots: tell the data center.",
    )


def _does_not_hold() -> SekishoError:
    return SekishoError(
        "firmware.disk",
        "書いたとおりに読めないので、ディスクが壊れかけています。ルーターを交換してください。",
        "The disk does not hold what was written: replace the router.",
    )
