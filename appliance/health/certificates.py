"""The rules for what runs out, and for keys that are where they do not belong."""

from __future__ import annotations

import math

from appliance.health.facts import Facts, Seen
from appliance.health.titles import TITLES, certificate_title, list_title, terminal_title
from appliance.health.verdict import Expected, Verdict, light, unknown, worst_first
from appliance.text import Text

RENEWAL_STEPS: tuple[tuple[int, str], ...] = (
    (7, "certificates.last-days"),
    (30, "certificates.renew-now"),
    (60, "certificates.renew-soon"),
)
"""Days left, under which each cause holds."""

_OF_ITS_OWN = frozenset({"account", "identity", "terminal"})
"""What has a cause of its own for being over: staff notice each of these otherwise."""


def certificates(facts: Facts, expected: Expected, now: float) -> Verdict:
    account = facts.fresh(now, "account.present")
    if account and not account.ok:
        return light("certificates", "no-account", account)
    titles = {name: certificate_title(name) for name in expected.certificates}
    of_terminals = {f"terminal:{name}": terminal_title(label) for name, label in expected.terminals.items()}
    # A terminal shows what it has when it connects: of one that has not, there is nothing to say.
    titles |= {name: title for name, title in of_terminals.items() if facts.fresh(now, "certificate.days", name)}
    by_end = sorted(titles, key=lambda name: _days_left(facts.fresh(now, "certificate.days", name)))
    parts = worst_first(
        (
            *(verdict for name, title in of_terminals.items() if (verdict := _copied(facts, name, title, now))),
            *(_dated(facts, name, titles[name], now) for name in by_end),
            *(_list(facts, name, now) for name in expected.lists),
        )
    )
    everything = tuple(seen for part in parts for seen in part.behind)
    cause, values = (parts[0].cause, parts[0].values) if parts else ("certificates.checking", {})
    return Verdict("certificates", TITLES["certificates"], cause, everything, values, parts)


def _copied(facts: Facts, name: str, title: Text, now: float) -> Verdict | None:
    seen = facts.fresh(now, "certificate.own", name)
    if seen is None or seen.ok:
        return None
    detail = Text(seen.evidence.detail, seen.evidence.detail)
    return Verdict(f"{name}:copied", title, "certificates.copied", (seen,), {"name": title, "detail": detail})


def _dated(facts: Facts, name: str, title: Text, now: float) -> Verdict:
    seen = facts.fresh(now, "certificate.days", name)
    if seen is None:
        return unknown("certificates", title, facts.last("certificate.days", name), name=name)
    reason, days = seen.evidence.reason, _days_left(seen)
    why = reason or seen.evidence.detail or "?"
    values = {"name": title, "detail": Text(why, why)}
    if reason == "not-yet-valid":
        return Verdict(name, title, "certificates.not-yet-valid", (seen,), values)
    if reason == "expired" or days < 0:
        whose = name.partition(":")[0]
        cause = f"certificates.{whose}-expired" if whose in _OF_ITS_OWN else "certificates.expired"
        return Verdict(name, title, cause, (seen,), values)
    for limit, cause in RENEWAL_STEPS:
        if days < limit:
            return Verdict(name, title, cause, (seen,), {**values, "left": _left(int(days))})
    return Verdict(name, title, "certificates.ok" if seen.ok else "certificates.unusable", (seen,), values)


def _list(facts: Facts, name: str, now: float) -> Verdict:
    title = list_title(name)
    seen = facts.fresh(now, "certificate.list", name)
    if seen is None:
        return unknown("certificates", title, facts.last("certificate.list", name), name=name)
    detail = Text(seen.evidence.detail, seen.evidence.detail)
    what = "list-ok" if seen.ok else "list-old"
    return Verdict(name, title, f"certificates.{what}", (seen,), {"name": title, "detail": detail})


def _days_left(seen: Seen | None) -> float:
    """Infinite when nobody counted."""
    try:
        return math.inf if seen is None else int(seen.evidence.detail)
    except ValueError:
        return math.inf


def _left(days: int) -> Text:
    if days == 0:
        return Text("1日未満", "less than a day")
    return Text(f"{days}日", "1 day" if days == 1 else f"{days} days")
