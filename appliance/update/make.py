"""The issuing side: from what the image build made to a signed bundle."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from joserfc.jwk import OKPKey

from appliance.account import envelope
from appliance.errors import SekishoError
from appliance.files import sync_directory
from appliance.update import bundle, chunks, gpt, manifest
from appliance.update.disk import opened
from appliance.update.facts import Artifact, Chunk, Facts
from appliance.update.source import FileSource, signed_manifest


@dataclass(frozen=True, slots=True)
class Issue:
    """image: the disk's, as the build made it. uki: the signed kernel image. hardware: names of the profiles."""

    image: Path
    uki: Path
    version: str
    generation: int
    issued: datetime
    expires: datetime
    hardware: tuple[str, ...]
    settings: int


def make(issue: Issue, key: OKPKey, out: Path) -> Facts:
    """Write the bundle. Raises ``firmware.already-made``, ``firmware.no-root``, ``firmware.malformed``, …"""
    if out.exists():
        raise SekishoError(
            "firmware.already-made",
            f"{out} はもうあります。別の名前にしてください。",
            f"{out} exists already: choose another name.",
        )
    known: dict[bytes, int] = {}
    table: list[Chunk] = []
    artifacts: dict[str, Artifact] = {}
    # Without a name until it is whole.
    rest = out.with_name(f".{out.name}.chunks")
    try:
        with rest.open("wb") as store, _contents(issue) as contents:
            for name, (data, uuid) in contents.items():
                order = []
                for start, end in chunks.cut(data):
                    content = bytes(data[start:end])
                    digest = hashlib.sha256(content).digest()
                    if digest not in known:
                        known[digest] = len(table)
                        stored = bundle.packed(content)
                        table.append(Chunk(len(content), len(stored), digest))
                        store.write(stored)
                    order.append(known[digest])
                artifacts[name] = Artifact(len(data), tuple(order), uuid)
        facts = Facts(
            issue.version,
            issue.generation,
            issue.issued,
            issue.expires,
            issue.hardware,
            issue.settings,
            tuple(table),
            artifacts,
        )
        signed = envelope.sign(manifest.as_json(facts), key, manifest.FIRMWARE).encode()
        # As a router will read it: what it would refuse is not made.
        manifest.opened(signed, {key.thumbprint(): key})
        _write(out, bundle.head(len(signed)) + signed, rest)
    finally:
        rest.unlink(missing_ok=True)
    return facts


def read(path: Path, trusted: Mapping[str, OKPKey]) -> tuple[Facts, int]:
    """A bundle's facts and the length of its signed manifest (bytes)."""
    with FileSource(path) as source:
        signed = signed_manifest(source)
    return manifest.opened(signed, trusted), len(signed)


def refuse_altered(path: Path, facts: Facts, signed: int) -> None:
    """Look at every byte. Raises ``firmware.altered``, ``firmware.cut-off``."""
    places = bundle.places(signed, facts.chunks)
    with FileSource(path) as source:
        for at, chunk in zip(places, facts.chunks, strict=False):
            bundle.unpacked(source.read(at, chunk.stored), chunk)
        if path.stat().st_size != places[-1]:
            raise bundle.altered()


@dataclass(frozen=True, slots=True)
class Difference:
    """Bytes. slot: what the slot and its kernel hold. bundle: the whole file. fetched: of it, by a router that runs the
    other version, the manifest included."""

    slot: int
    bundle: int
    fetched: int


def difference(old: Facts, new: Facts, signed: int) -> Difference:
    """signed: length of the new one's manifest, bytes."""
    there = {chunk.sha256 for chunk in old.chunks}
    fetched = sum(chunk.stored for chunk in new.chunks if chunk.sha256 not in there)
    return Difference(
        slot=sum(artifact.size for artifact in new.artifacts.values()),
        bundle=bundle.places(signed, new.chunks)[-1],
        fetched=bundle.HEAD + signed + fetched,
    )


@contextmanager
def _contents(issue: Issue) -> Iterator[dict[str, tuple[memoryview, UUID | None]]]:
    with opened(issue.image, writable=False) as disk, opened(issue.uki, writable=False) as uki:
        partitions = gpt.read(disk.read).partitions()
        found: dict[str, tuple[memoryview, UUID | None]] = {}
        for name, kind in (("root", gpt.ROOT), ("root-verity", gpt.ROOT_VERITY)):
            filled = [one for one in partitions if one.type == kind and one.name != "_empty"]
            if len(filled) != 1:
                raise SekishoError(
                    "firmware.no-root",
                    f"{issue.image} に {name} の区画が一つだけあるはずですが、{len(filled)} 個あります。",
                    f"{issue.image} must have one partition of the kind {name}, and has {len(filled)}.",
                )
            found[name] = disk.view(filled[0].offset, filled[0].size), filled[0].uuid
        found["uki"] = uki.view(0, issue.uki.stat().st_size), None
        yield found


def _write(out: Path, head: bytes, rest: Path) -> None:
    with rest.open("rb") as stored, out.with_name(f".{out.name}.whole").open("wb") as whole:
        whole.write(head)
        while part := stored.read(1 << 20):
            whole.write(part)
        whole.flush()
        os.fsync(whole.fileno())
    Path(whole.name).rename(out)
    sync_directory(out.parent)
