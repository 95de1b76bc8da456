"""How far the update is, on the data partition: one file, replaced as a whole, read by whichever version runs."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from appliance import paths
from appliance.files import write_atomically
from appliance.text import Text
from appliance.update.core import Ended, Kept, Last, Offer, Stage

_log = logging.getLogger(__name__)


def write(kept: Kept, path: Path | None = None) -> None:
    document = asdict(kept)
    if kept.last is not None:
        document["last"]["at"] = kept.last.at.isoformat()
    write_atomically(path or paths.UPDATE, json.dumps(document, ensure_ascii=False) + "\n")


def read(path: Path | None = None) -> Kept:
    """As nothing, where it is not what we wrote: the versions still guard against an older one."""
    path = path or paths.UPDATE
    try:
        return parse(path.read_bytes())
    except FileNotFoundError:
        return Kept()
    except (OSError, ValueError) as error:
        _log.error("%s is not readable (%s): what was on its way begins anew", path, type(error).__name__)
        return Kept()


def parse(data: bytes) -> Kept:
    """Raises ValueError. What another version wrote beside what we know is passed over."""
    try:
        raw = json.loads(data)
        offer, last = raw["offer"], raw["last"]
        return Kept(
            floor=int(raw["floor"]),
            stage=Stage(raw["stage"]),
            offer=_offer(offer) if offer else None,
            must=tuple(map(str, raw["must"])),
            attempts=int(raw["attempts"]),
            complaint=_text(raw["complaint"]),
            last=Last(str(last["version"]), Ended(last["ended"]), _moment(last["at"]), _text(last["reason"]))
            if last
            else None,
            blocked=int(raw["blocked"]),
        )
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{type(error).__name__}") from None


def _offer(raw: dict[str, Any]) -> Offer:
    return Offer(
        str(raw["version"]),
        int(raw["generation"]),
        str(raw["source"]),
        by_hand=bool(raw["by_hand"]),
        at_once=bool(raw["at_once"]),
    )


def _moment(written: str) -> datetime:
    moment = datetime.fromisoformat(written)
    if moment.tzinfo is None:
        raise ValueError("a moment without its offset")
    return moment


def _text(raw: dict[str, Any] | None) -> Text | None:
    return Text(str(raw["ja"]), str(raw["en"])) if raw else None
