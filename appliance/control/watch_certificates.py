"""What the gate has seen of the terminals' certificates, as observations: days left, and copies."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from appliance.control.feed_gate import GateFeed
from appliance.control.ready import Terminal
from appliance.control.records import Records

EVERY = 30.0
"""Seconds."""


class Shown(NamedTuple):
    """What one terminal has shown lately. days: until the end of its newest certificate; others: whose certificate it
    is as well."""

    days: float
    others: tuple[Terminal, ...]


def terminal_subject(terminal: Terminal) -> str:
    """Of evidence, metrics and lights."""
    return f"terminal:{terminal.name}"


def shown_by_terminals(
    certificates: Iterable[Mapping[str, Any]], terminals: Iterable[Terminal], now: datetime
) -> dict[Terminal, Shown]:
    """Pure. certificates: `gate.sightings.Sightings.report`. Terminals of which nothing was seen are left out."""
    by_address = {str(terminal.address): terminal for terminal in terminals}
    newest: dict[Terminal, tuple[float, float]] = {}
    others: dict[Terminal, set[Terminal]] = {}
    for certificate in certificates:
        seen = {by_address[ip]: ago for ip, ago in certificate["seen"].items() if ip in by_address}
        days = (certificate["ends"] - now.timestamp()) / 86400
        for terminal, ago in seen.items():
            newest[terminal] = min(newest.get(terminal, (math.inf, 0.0)), (ago, days))
            others.setdefault(terminal, set()).update(seen.keys() - {terminal})
    return {
        terminal: Shown(days, tuple(sorted(others[terminal], key=lambda other: other.name)))
        for terminal, (_, days) in newest.items()
    }


async def watch_certificates(terminals: tuple[Terminal, ...], gate: GateFeed, records: Records) -> None:
    while True:
        if stats := await gate.stats():
            record(shown_by_terminals(stats["certificates"], terminals, datetime.now(UTC)), records)
        await asyncio.sleep(EVERY)


def record(found: Mapping[Terminal, Shown], records: Records) -> None:
    for terminal, (days, others) in found.items():
        subject = terminal_subject(terminal)
        records.record("certificate.days", subject, days > 0, "" if days > 0 else "expired", f"{math.floor(days)}")
        labels = "、".join(other.label for other in others)
        records.record("certificate.own", subject, not others, "copied" if others else "", labels)
