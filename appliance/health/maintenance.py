"""The rules for remote maintenance: a door that the clinic has opened is no fault, but everybody shall see it."""

from __future__ import annotations

from appliance.health.facts import Facts
from appliance.health.titles import TITLES
from appliance.health.verdict import Expected, Verdict, listed
from appliance.text import Text

_MOST_FIRST = ("in-use", "open", "closed")
"""`Evidence.reason` of a ``maintenance.consent`` that is a cause ``maintenance.REASON``."""


def maintenance(facts: Facts, expected: Expected, now: float) -> Verdict | None:
    """None where nothing can be opened."""
    parts = tuple(
        Verdict(name, Text(label, label), f"maintenance.{_how(seen.evidence.reason)}-here", (seen,))
        for name, label in expected.terminals.items()
        if (seen := facts.fresh(now, "maintenance.consent", name))
    )
    if not parts:
        return None
    how = min((_how(part.behind[0].evidence.reason) for part in parts), key=_MOST_FIRST.index)
    where = [part.title for part in parts if part.cause == f"maintenance.{how}-here"]
    everything = tuple(seen for part in parts for seen in part.behind)
    return Verdict(
        "maintenance", TITLES["maintenance"], f"maintenance.{how}", everything, {"detail": listed(where)}, parts
    )


def _how(reason: str) -> str:
    return reason if reason in _MOST_FIRST else "open"
