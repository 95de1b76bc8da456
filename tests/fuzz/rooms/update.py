"""The firmware's bundle, as a stick or a web server gives it, and what an update reads of its own."""

from __future__ import annotations

from contextlib import suppress

from appliance.account import envelope, keys
from appliance.errors import SekishoError
from appliance.update import bundle, chunks, entries, gpt, kept, manifest
from appliance.update.facts import Chunk
from tests.fuzz.target import target

_KEY = keys.generate()
_TRUSTED = {_KEY.thumbprint(): _KEY}
_PARTS = ('"chunks":[[', '"root":{', '"root_verity":{', '"uki":{', '"uuid":"', '"generation":', '"format":1')


@target(longest=8192, words=_PARTS)
def content(data: bytes) -> None:
    """A manifest with a good signature; what is taken comes out as it went in."""
    signed = envelope.sign(data, _KEY, manifest.FIRMWARE).encode()
    with suppress(SekishoError):
        facts = manifest.opened(signed, _TRUSTED)
        again = envelope.sign(manifest.as_json(facts), _KEY, manifest.FIRMWARE).encode()
        assert manifest.opened(again, _TRUSTED) == facts


@target(words=("SEKISHO FIRMWARE 1 ", "x\x9c"))
def beginning(data: bytes) -> None:
    """The first line, and a chunk that is not what the manifest says."""
    with suppress(SekishoError):
        assert 0 < bundle.manifest_size(data) <= bundle.LARGEST_MANIFEST
    with suppress(SekishoError):
        assert len(bundle.unpacked(data, Chunk(chunks.LONGEST, len(data), b""))) == chunks.LONGEST


@target(longest=40_000, words=("EFI PART",))
def table(data: bytes) -> None:
    with suppress(SekishoError):
        found = gpt.read(lambda at, length: data[at : at + length])
        assert all(partition.number > 0 for partition in found.partitions())


@target(
    words=('"offer": {', '"last": {', '"reason": {"ja": "', '"stage": "staged"', '"at": "2026-11-28T03:00:00+00:00"')
)
def state(data: bytes) -> None:
    with suppress(ValueError):
        kept.parse(data)


@target(words=("sekisho_", "+2", "+1-1", ".efi", ".next", ".part"))
def entry(data: bytes) -> None:
    found = entries.parse(data.decode(errors="replace"))
    assert found is None or found.version.strip("0123456789.") == ""
