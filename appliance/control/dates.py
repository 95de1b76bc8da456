"""Gathers what ends: from the account in force, what terminals and engines have shown, and the system itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from appliance.control import firmware
from appliance.control.feed_gate import GateFeed
from appliance.control.prove_engines import EngineProver
from appliance.control.ready import Ready
from appliance.control.watch_certificates import shown_by_terminals, terminal_subject
from appliance.gate.proof import Proof
from appliance.health.calendar import Due, calendar


async def due(
    ready: Ready | None, gate: GateFeed, prover: EngineProver | None, page: Iterable[tuple[str, datetime]]
) -> dict[str, Any]:
    """The ``calendar`` of the local API. ready: what is in force, if anything is. page: `PageKeeper.ends`."""
    now = datetime.now(UTC)
    ends = [*page]
    labels: dict[str, str] = {}
    if supported := firmware.support_end():
        ends.append((f"firmware:{supported[0]}", supported[1]))
    if ready is not None:
        ends += [*ready.account.ends, *ready.account.lists]
        labels = {terminal.name: terminal.label for terminal in ready.site.terminals}
        if stats := await gate.stats():
            shown = shown_by_terminals(stats["certificates"], ready.site.terminals, now)
            ends += [
                (terminal_subject(terminal), now + timedelta(days=found.days)) for terminal, found in shown.items()
            ]
        if prover is not None:
            proofs = ((service, proof) for (service, _), proof in prover.last_proofs.items())
            ends += [(f"engine:{service}", end) for service, end in engine_ends(proofs).items()]
    return document(calendar(ends, labels, now), now)


def engine_ends(proofs: Iterable[tuple[str, Proof]]) -> Mapping[str, datetime]:
    """By service: when the first of its engines' certificates ends. proofs: the newest of each address."""
    found: dict[str, datetime] = {}
    for service, proof in proofs:
        if proof.not_after is not None:
            found[service] = min(found.get(service, proof.not_after), proof.not_after)
    return found


def document(dates: Iterable[Due], now: datetime) -> dict[str, Any]:
    return {
        "at": _iso(now),
        "dates": [
            {
                "name": one.name,
                "title": one.title.as_dict(),
                "on": _iso(one.on),
                "days_left": one.days_left,
                "state": one.state.value,
                "stops": one.stops.as_dict(),
                "who": one.who.as_dict(),
            }
            for one in dates
        ],
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
