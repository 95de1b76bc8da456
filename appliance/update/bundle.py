"""The bundle: one file for the tunnel and for a stick. Pure; described in docs/firmware-update.md.

A line of 32 bytes, the signed manifest, and the chunks one after the other, in the manifest's order.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Sequence
from itertools import accumulate

from appliance.errors import SekishoError
from appliance.update.facts import Chunk

HEAD = 32
"""Bytes."""
LARGEST_MANIFEST = 1 << 20
"""Bytes of the manifest, signed."""
_MAGIC = b"SEKISHO FIRMWARE "
_FORMAT = b"1 "


def head(manifest: int) -> bytes:
    """manifest: its length, signed, in bytes."""
    return _MAGIC + _FORMAT + f"{manifest:{HEAD - len(_MAGIC + _FORMAT) - 1}}\n".encode()


def manifest_size(line: bytes) -> int:
    """Of the bundle's first 32 bytes. Raises ``firmware.not-a-bundle``, ``firmware.newer-format``."""
    if not line.startswith(_MAGIC):
        raise SekishoError(
            "firmware.not-a-bundle",
            "これはファームウェアのファイルではありません。正しいファイルか確かめてください。",
            "This is no firmware file: check that it is the right one.",
        )
    if not line.startswith(_MAGIC + _FORMAT):
        raise SekishoError(
            "firmware.newer-format",
            "このファームウェアのファイルは、このルーターが知らない書式です。先に、間の版に更新してください。",
            "This firmware file is of a format that this router does not know: update to a version in between first.",
        )
    written = line[len(_MAGIC + _FORMAT) : HEAD].strip()
    if len(line) < HEAD or not written.isdigit() or not 0 < int(written) <= LARGEST_MANIFEST:
        raise cut_off()
    return int(written)


def packed(content: bytes) -> bytes:
    """As a chunk is stored: deflated (RFC 1950) where that is shorter. What compresses is compressed in the image
    already; this is for what is empty."""
    small = zlib.compress(content, 9)
    return small if len(small) < len(content) else content


def unpacked(stored: bytes, chunk: Chunk) -> bytes:
    """The chunk's content, which is what the manifest says it is. Raises ``firmware.altered``."""
    content = stored
    if chunk.stored < chunk.size:
        try:
            content = zlib.decompressobj().decompress(stored, chunk.size + 1)
        except zlib.error:
            raise altered() from None
    if not is_it(content, chunk):
        raise altered()
    return content


def is_it(content: bytes, chunk: Chunk) -> bool:
    return len(content) == chunk.size and hashlib.sha256(content).digest() == chunk.sha256


def places(manifest: int, chunks: Sequence[Chunk]) -> list[int]:
    """Where each chunk begins in the file (bytes), and where the last one ends."""
    return list(accumulate((chunk.stored for chunk in chunks), initial=HEAD + manifest))


def altered() -> SekishoError:
    return SekishoError(
        "firmware.altered",
        "ファームウェアのファイルが途中で壊れているか、書き換えられています。もう一度受け取り直してください。",
        "The firmware file is damaged or was altered on its way: get it again.",
    )


def cut_off() -> SekishoError:
    return SekishoError(
        "firmware.cut-off",
        "ファームウェアのファイルが途中で切れています。もう一度受け取り直してください。",
        "The firmware file is cut off: get it again.",
    )
