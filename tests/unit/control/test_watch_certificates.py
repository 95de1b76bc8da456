"""What the gate has seen of terminals' certificates, as observations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

from appliance.control.ready import Terminal
from appliance.control.watch_certificates import Shown, shown_by_terminals

NOW = datetime(2026, 11, 28, tzinfo=UTC)
RECEPTION = Terminal("reception", "受付", "02:00:00:00:02:10", IPv4Address("192.0.2.10"), None)
OFFICE = Terminal("office", "診察室", "02:00:00:00:02:11", IPv4Address("192.0.2.11"), None)
TERMINALS = (RECEPTION, OFFICE)


def certificate(days: float, **seen: float) -> dict[str, Any]:
    """seen: terminal → seconds ago."""
    addresses = {terminal.name: str(terminal.address) for terminal in TERMINALS}
    return {
        "mark": "0123456789abcdef:01",
        "name": "reception",
        "ends": (NOW + timedelta(days=days)).timestamp(),
        "seen": {addresses.get(name, name): ago for name, ago in seen.items()},
    }


def test_each_with_its_own() -> None:
    found = shown_by_terminals([certificate(100, reception=5), certificate(20, office=3000)], TERMINALS, NOW)
    assert found == {RECEPTION: Shown(100, ()), OFFICE: Shown(20, ())}


def test_a_copy_is_told_of_both() -> None:
    found = shown_by_terminals([certificate(100, reception=5, office=80)], TERMINALS, NOW)
    assert found == {RECEPTION: Shown(100, (OFFICE,)), OFFICE: Shown(100, (RECEPTION,))}


def test_the_newest_one_counts_after_a_renewal() -> None:
    found = shown_by_terminals([certificate(3, reception=4000), certificate(730, reception=5)], TERMINALS, NOW)
    assert found == {RECEPTION: Shown(730, ())}


def test_an_address_that_is_no_terminals_any_more_says_nothing() -> None:
    stranger = certificate(100)
    stranger["seen"] = {"192.0.2.99": 1.0, str(OFFICE.address): 2.0}
    assert shown_by_terminals([stranger], TERMINALS, NOW) == {OFFICE: Shown(100, ())}
