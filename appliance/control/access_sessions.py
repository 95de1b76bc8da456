"""Where somebody is logged in besides, and the end of that: by whoever sees a session that is not his."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.control.access_store import Store, at_text
from appliance.control.clock import boottime
from appliance.errors import SekishoError

OTHERS = "others"
"""In the place of an id: all but the one from which it is said."""


class OwnSessions:
    def __init__(self, store: Store) -> None:
        self._store = store

    def listing(self, session: str, name: str) -> list[dict[str, Any]]:
        """The one that was used last first. id: for `end`. here: whether it is `session`, which asks."""
        now, wall = boottime(), datetime.now(UTC)

        def at(seconds: float) -> str:
            return at_text(wall - timedelta(seconds=now - seconds))

        return [
            {
                "id": one.id,
                "address": one.address,
                "began": at(one.began),
                "seen": at(one.seen),
                "here": one.id == session,
            }
            for one in self._store.sessions.of(name, now)
        ]

    async def end(self, session: str, name: str, which: str, password: str, address: str) -> dict[str, int]:
        """which: an id of `listing`, or `OTHERS`. Returns how many were ended.

        Raises ``access.wrong-password``, ``access.no-such-session``.
        """
        async with self._store.turn():
            await self._store.own(session, name, password, address)
            others = [one.id for one in self._store.sessions.of(name, boottime()) if one.id != session]
            chosen = others if which == OTHERS else [one for one in others if one == which]
            if which != OTHERS and not chosen:
                raise SekishoError(
                    "access.no-such-session",
                    "そのログインはもう終わっているので、何もしませんでした。一覧を見直してください。",
                    "That session has ended already, so nothing was done: look at the list again.",
                )
            for one in chosen:
                self._store.sessions.close(one)
            return {"ended": len(chosen)}
