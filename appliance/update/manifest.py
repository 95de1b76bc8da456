"""The manifest of a bundle: JSON, signed like an account, to `Facts`. Described in docs/firmware-update.md."""

from __future__ import annotations

import base64
import json
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, model_validator

from appliance.account import envelope, structure
from appliance.account.document import Kind
from appliance.account.keys import Trusted
from appliance.account.model import Moment, Part, refused
from appliance.text import Text
from appliance.update.chunks import LONGEST
from appliance.update.facts import Artifact, Chunk, Facts
from appliance.update.running import VERSION_PATTERN

FIRMWARE = Kind("sekisho-firmware+jws", "firmware", Text("ファームウェア", "firmware"))
LARGEST_SLOT = 4 << 30
"""Bytes."""
_DIGEST = r"^[A-Za-z0-9_-]{43}$"

_Digest = Annotated[str, Field(pattern=_DIGEST)]
_Length = Annotated[int, Field(ge=1, le=LONGEST)]


class _Artifact(Part):
    size: Annotated[int, Field(ge=1, le=LARGEST_SLOT)]
    chunks: Annotated[tuple[Annotated[int, Field(ge=0)], ...], Field(min_length=1)]


class _Partition(_Artifact):
    uuid: UUID


class _Manifest(Part):
    format: Literal[1]
    version: Annotated[str, Field(pattern=VERSION_PATTERN)]
    generation: Annotated[int, Field(ge=1, le=2**53 - 1)]
    issued: Moment
    expires: Moment
    hardware: Annotated[tuple[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")], ...], Field(min_length=1)]
    settings: Annotated[int, Field(ge=1)]
    chunks: Annotated[tuple[tuple[_Length, _Length, _Digest], ...], Field(min_length=1)]
    root: _Partition
    root_verity: _Partition
    uki: _Artifact

    @model_validator(mode="after")
    def _sizes(self) -> Self:
        for name in ("root", "root_verity", "uki"):
            artifact: _Artifact = getattr(self, name)
            known = all(place < len(self.chunks) for place in artifact.chunks)
            if not known or sum(self.chunks[place][0] for place in artifact.chunks) != artifact.size:
                raise refused(
                    f"の {name} の大きさが chunks と合いません", f"gives {name} a size that its chunks have not"
                )
        if any(stored > size for size, stored, _ in self.chunks):
            raise refused("の chunks に、大きすぎるものがあります", "has a chunk that is stored larger than it is")
        return self


def opened(signed: bytes, trusted: Trusted) -> Facts:
    """Raises ``firmware.unknown-desk``, ``firmware.tampered``, ``firmware.malformed``, ``firmware.newer-format``."""
    found = structure.read(_Manifest, envelope.verify(signed.strip(), trusted, FIRMWARE), FIRMWARE)
    return Facts(
        version=found.version,
        generation=found.generation,
        issued=found.issued,
        expires=found.expires,
        hardware=found.hardware,
        settings=found.settings,
        chunks=tuple(Chunk(size, stored, _decoded(digest)) for size, stored, digest in found.chunks),
        artifacts={
            "root": Artifact(found.root.size, found.root.chunks, found.root.uuid),
            "root-verity": Artifact(found.root_verity.size, found.root_verity.chunks, found.root_verity.uuid),
            "uki": Artifact(found.uki.size, found.uki.chunks),
        },
    )


def as_json(facts: Facts) -> bytes:
    """The inverse of `opened`, without the signature."""

    def artifact(name: str) -> dict[str, object]:
        found = facts.artifacts[name]
        uuid = {} if found.uuid is None else {"uuid": str(found.uuid)}
        return {"size": found.size, **uuid, "chunks": found.chunks}

    document = {
        "format": 1,
        "version": facts.version,
        "generation": facts.generation,
        "issued": facts.issued.isoformat(),
        "expires": facts.expires.isoformat(),
        "hardware": facts.hardware,
        "settings": facts.settings,
        "chunks": [(chunk.size, chunk.stored, _encoded(chunk.sha256)) for chunk in facts.chunks],
        "root": artifact("root"),
        "root_verity": artifact("root-verity"),
        "uki": artifact("uki"),
    }
    return json.dumps(document, separators=(",", ":")).encode()


def _encoded(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _decoded(digest: str) -> bytes:
    return base64.urlsafe_b64decode(digest + "=")
