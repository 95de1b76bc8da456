"""Pure: which entries somebody asks for."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.audit.entry import Entry


@dataclass(frozen=True, slots=True)
class Selection:
    """since (included), until (not included): written as `Entry.at`. role, name: of the actor. actions: any of these.

    What is empty leaves nobody out.
    """

    since: str = ""
    until: str = ""
    role: str = ""
    name: str = ""
    actions: frozenset[str] = frozenset()

    def takes(self, entry: Entry) -> bool:
        actor = entry.deed.actor
        return (
            self.since <= entry.at
            and not (self.until and entry.at >= self.until)
            and self.role in ("", actor.role)
            and self.name in ("", actor.name)
            and (not self.actions or entry.deed.action in self.actions)
        )

    def may_be_in(self, month: str) -> bool:
        """Whether entries of that month (``2026-11``) can be among them."""
        return self.since[:7] <= month and not (self.until and month > self.until[:7])


ALL = Selection()
