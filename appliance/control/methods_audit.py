"""The audit record, for those who may read it. Nobody can change or remove an entry here."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

from appliance.audit import record
from appliance.audit.chain import Known
from appliance.audit.selection import ALL, Selection
from appliance.control import apart
from appliance.control.auditing import Auditor
from appliance.control.dispatch import JSON, BadParams, Handler, Peer

MOST = 500
"""Entries of one answer."""
_KNOWN = re.compile(r"([1-9]\d{0,11}):([0-9a-f]{64})")


class Router(Protocol):
    auditor: Auditor


def methods(router: Router) -> Mapping[str, Handler]:
    directory = router.auditor.directory

    async def audit_list(params: dict[str, Any], _: Peer) -> JSON:
        limit, before = params.get("limit", 50), params.get("before")
        if type(limit) is not int or not 0 < limit <= MOST or not (before is None or type(before) is int):
            raise BadParams(
                f"audit.list には limit（{MOST} 以下）と before（記録の番号、または null）を渡してください。",
                f"audit.list takes limit, up to {MOST}, and before, an entry's number or null.",
            )
        wanted = _selection(params)
        if wanted == ALL:
            found, more = await asyncio.to_thread(record.entries, directory, before, limit)
        else:
            # It may be years until the last that fits: not in the process that looks after connections.
            found, more = await asyncio.to_thread(
                apart.call, record.__name__, "entries", directory, before, limit, wanted
            )
        return {"entries": found, "more": more}

    async def audit_verify(params: dict[str, Any], _: Peer) -> JSON:
        given = params.get("known")
        known = _KNOWN.fullmatch(given) if isinstance(given, str) else None
        if given is not None and known is None:
            raise BadParams(
                "audit.verify の known は、前に控えた「番号:ハッシュ」です。",
                "audit.verify takes known, a NUMBER:HASH that was noted down earlier.",
            )
        # Apart for the same reason.
        noted = Known(int(known[1]), known[2]) if known else None
        verdict: dict[str, Any] = await asyncio.to_thread(apart.call, record.__name__, "check", directory, noted)
        return verdict

    return {"audit.list": audit_list, "audit.verify": audit_verify}


def _selection(params: Mapping[str, Any]) -> Selection:
    """Of audit.list. Raises BadParams."""
    since, until = (_moment(params.get(name)) for name in ("since", "until"))
    role, name, actions = params.get("role", ""), params.get("name", ""), params.get("actions", [])
    texts = [role, name, *actions] if isinstance(actions, list) else [None]
    if since is None or until is None or not all(isinstance(text, str) for text in texts):
        raise BadParams(
            "audit.list の since と until は時差つきの日時（ISO 8601）、role、name、actions は文字列です。",
            "audit.list takes since and until, moments with an offset (ISO 8601), role, name, and actions, a list.",
        )
    return Selection(since, until, role, name, frozenset(actions))


def _moment(given: object) -> str | None:
    """As entries write it; empty where nothing is given, None for what is no moment."""
    if given is None:
        return ""
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else None
        # Beyond either end of the calendar there is no UTC.
        if moment is None or moment.tzinfo is None:
            return None
        return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return None
