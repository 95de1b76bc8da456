"""What a bundle offers to this router, without changing anything: for a process of its own (`control.apart`)."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from appliance.errors import SekishoError
from appliance.update import acceptance, image, make, manifest
from appliance.update.acceptance import Clock
from appliance.update.core import Offer
from appliance.update.job import Web
from appliance.update.source import WebSource, signed_manifest


def file(path: str, floor: int, sure: bool) -> Offer:
    """Every byte is looked at. Raises SekishoError ``firmware.*``."""
    facts, signed = make.read(Path(path), image.trusted())
    acceptance.check(facts, image.device(floor), Clock(datetime.now(UTC), sure))
    make.refuse_altered(Path(path), facts, signed)
    return Offer(facts.version, facts.generation, path)


def web(place: Web, floor: int, sure: bool) -> tuple[Offer | None, str | None]:
    """None where there is nothing newer than before, or than what runs; the other value is the file's tag.

    Raises SekishoError ``firmware.*``.
    """
    with WebSource(place.host, place.address, place.port, place.path, place.source, place.etag) as source:
        if source.is_as_before():
            return None, source.etag
        facts = manifest.opened(signed_manifest(source), image.trusted())
        try:
            acceptance.check(facts, image.device(floor), Clock(datetime.now(UTC), sure))
        except SekishoError as refused:
            if refused.code == acceptance.UP_TO_DATE:
                return None, source.etag
            raise
        return Offer(facts.version, facts.generation, ""), source.etag
