"""The local API's methods about the settings as they are being written: what the wizard does instead of an editor."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from appliance.control import drafting
from appliance.control import ports as fresh_ports
from appliance.control.dispatch import JSON, BadParams, Handler, Peer
from appliance.errors import SekishoError
from appliance.kernel import ports as machine_ports


def methods() -> Mapping[str, Handler]:
    writing = asyncio.Lock()

    async def draft(_: dict[str, Any], __: Peer) -> JSON:
        return await asyncio.to_thread(drafting.read)

    async def edit(params: dict[str, Any], _: Peer) -> JSON:
        section, revision = params.get("section"), params.get("revision")
        if not isinstance(section, str) or not isinstance(revision, str) or "value" not in params:
            raise BadParams(
                "site.edit には section（部分の名前）、value、revision（site.draft が返した値）を渡してください。",
                "site.edit takes section, a part's name, value, and revision, as site.draft gave it.",
            )
        async with writing:
            return await asyncio.to_thread(drafting.edit, section, params["value"], revision)

    async def ports(_: dict[str, Any], __: Peer) -> JSON:
        found = await asyncio.to_thread(machine_ports.observe)
        lan = await asyncio.to_thread(_lan_port)
        return {
            "ports": [
                {"name": port.name, "mac": port.mac, "linked": port.linked, "lan": port.name == lan} for port in found
            ]
        }

    return {"site.draft": draft, "site.edit": edit, "site.ports": ports}


def _lan_port() -> str | None:
    """As the factory wrote it; None where nobody has, or nobody can read it."""
    try:
        fresh = fresh_ports.fresh_intent()
    except SekishoError:
        return None
    return None if fresh is None else fresh.lan.segments[0].port
