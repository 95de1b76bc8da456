"""How an update stands, as the local API tells it (``firmware.show``): pure."""

from __future__ import annotations

from typing import Any

from appliance.errors import SekishoError
from appliance.update import core, words
from appliance.update.core import Kept, Last
from appliance.update.job import News
from appliance.update.window import Wait


def document(
    version: str, kept: Kept, waits: Wait | None, trouble: SekishoError | None, news: News | None
) -> dict[str, Any]:
    """version: of what runs. trouble: why the work failed, or what is offered is not taken. news: of work under way."""
    offer = kept.offer
    progress = (news.come, news.total) if news else None
    text = words.sentence(kept, waits, trouble.text if trouble else None, progress)
    return {
        "version": version,
        "generation": kept.floor,
        "stage": kept.stage.value,
        "offer": {"version": offer.version, "generation": offer.generation} if offer else None,
        "waits": _waits(waits) if waits and offer else None,
        "trouble": {"code": trouble.code, **trouble.text.as_dict()} if trouble else None,
        "progress": {"come": news.come, "total": news.total} if news else None,
        "last": _last(kept, kept.last) if kept.last else None,
        "text": text.as_dict() if text else None,
    }


def _waits(waits: Wait) -> dict[str, Any]:
    return {"until": waits.until.isoformat() if waits.until else None, "reason": waits.reason.as_dict()}


def _last(kept: Kept, last: Last) -> dict[str, Any]:
    return {
        "version": last.version,
        "ended": last.ended.value,
        "at": last.at.isoformat(),
        "reason": last.reason.as_dict() if last.reason else None,
        "again": core.again(kept),
    }
