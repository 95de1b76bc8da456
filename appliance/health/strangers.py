"""Machines on the LAN that are refused because they are not listed as they are: which, and what they could be."""

from __future__ import annotations

from appliance.health.facts import Facts, Seen
from appliance.health.titles import TITLES, stranger_title
from appliance.health.verdict import Verdict, listed
from appliance.text import Text

NAMED = 3
"""So many are named in the one sentence that people read first; all of them are among the parts."""
_REASONS = frozenset({"another-card", "another-address", "not-listed"})


def strangers(facts: Facts, now: float) -> Verdict | None:
    """The router's light while there are any."""
    seen = facts.fresh_strangers(now)
    if not seen:
        return None
    # Who is likely to be one of the clinic's own comes first.
    parts = tuple(sorted(map(_one, seen), key=lambda part: part.cause == "router.not-listed"))
    first = listed(part.title for part in parts[:NAMED])
    more = len(parts) - NAMED
    detail = first if more <= 0 else Text(f"{first.ja}、ほか{more}台", f"{first.en} and {more} more")
    return Verdict("router", TITLES["router"], "router.strangers", seen, {"detail": detail}, parts)


def _one(seen: Seen) -> Verdict:
    evidence = seen.evidence
    reason = evidence.reason if evidence.reason in _REASONS else "not-listed"
    values = {"detail": Text(evidence.detail, evidence.detail)}
    return Verdict(evidence.subject, stranger_title(evidence.subject), f"router.{reason}", (seen,), values)
