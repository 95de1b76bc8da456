"""The local API's method about the machines in the clinic: for whoever has to list the terminals."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from appliance.control import apart, holdings, wires
from appliance.control.dispatch import JSON, Handler, Peer
from appliance.diagnose.lan.evidence import LanEvidence, Wire
from appliance.intent.model import RouterIntent


class Router(Protocol):
    """What the method needs of the daemon."""

    def looks_after(self) -> RouterIntent: ...


def methods(router: Router) -> Mapping[str, Handler]:
    async def machines(_: dict[str, Any], __: Peer) -> JSON:
        asked = await asyncio.to_thread(_wires, router.looks_after())
        found = await asyncio.to_thread(apart.call, "appliance.control.checks.lan", "gather", asked)
        return {"machines": list[JSON](told(found))}

    return {"lan.machines": machines}


def _wires(intent: RouterIntent) -> tuple[Wire, ...]:
    """Those at work, and the LAN as it is being planned: machines that keep their addresses are found where they are
    before the router is there."""
    at_work = wires.at_work(intent)
    planned = holdings.planned_lan()
    if planned is None:
        return at_work
    port, address = planned
    is_known = any(wire.interface == port and wire.own.network == address.network for wire in at_work)
    return at_work if is_known else (*at_work, Wire("lan", port, address, serves_dhcp=False))


def told(segments: Iterable[LanEvidence]) -> list[dict[str, Any]]:
    """Each machine with its segment, address, card and name; none of ours, and of two that claim one address both."""
    return [
        {
            "segment": found.wire.name,
            "address": str(address),
            "mac": mac,
            "name": found.names.get(address) or found.wire.known.get(address, ""),
        }
        for found in segments
        for address, cards in sorted(found.cards.items())
        for mac in cards
        if address != found.wire.own.ip
    ]
