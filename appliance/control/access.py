"""Logging in on the page: the access room, wired."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from appliance.control.access_entry import Entry
from appliance.control.access_factors import Factors
from appliance.control.access_people import People
from appliance.control.access_sessions import OwnSessions
from appliance.control.access_store import Store
from appliance.control.clock import boottime
from appliance.control.dispatch import Guest
from appliance.control.roles import Role


class Access:
    """known: words that no password may hold."""

    def __init__(self, known: Callable[[], Iterable[str]], path: Path | None = None) -> None:
        self.store = Store(known, path)
        self.entry = Entry(self.store)
        self.factors = Factors(self.store)
        self.people = People(self.store)
        self.sessions = OwnSessions(self.store)

    def guest(self, token: str) -> Guest | None:
        """Whose the session is; who has not changed the first password yet may do what the staff may."""
        session = self.store.sessions.whose(token, boottime())
        if session is None:
            return None
        return Guest(session.id, session.name, Role.PAGE if session.restricted else Role(session.role))
