"""The rules for push channels: by them an engine tells a terminal that there is something to print."""

from __future__ import annotations

from appliance.health.facts import Facts
from appliance.health.titles import TITLES
from appliance.health.verdict import SEVERITY, Expected, Verdict, listed, worst_first
from appliance.text import Text

REASONS = frozenset({"waiting", "silent", "lost"})
"""`Evidence.reason` of a failed ``push.channel`` that is a cause ``push.REASON``."""


def push(facts: Facts, expected: Expected, now: float) -> Verdict | None:
    """None where no terminal has such a channel: nobody misses what nobody asks for."""
    parts = []
    for name, label in expected.terminals.items():
        if seen := facts.fresh(now, "push.channel", name):
            what = "ok" if seen.ok else seen.evidence.reason if seen.evidence.reason in REASONS else "silent"
            parts.append(Verdict(name, Text(label, label), f"push.{what}", (seen,)))
    if not parts:
        return None
    ordered = worst_first(tuple(parts))
    everything = tuple(seen for part in ordered for seen in part.behind)
    cause, values = ordered[0].cause, {}
    missing = [part.title for part in ordered if part.cause != "push.ok"]
    if missing and SEVERITY[ordered[-1].state] != SEVERITY[ordered[0].state]:
        cause, values = "push.some", {"detail": listed(missing)}
    return Verdict("push", TITLES["push"], cause, everything, values, ordered)
