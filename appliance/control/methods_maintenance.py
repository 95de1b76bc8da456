"""The local API's methods about remote maintenance; what is open is told by ``status``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from appliance.control.dispatch import JSON, BadParams, Handler, Peer
from appliance.control.maintaining import Maintaining


class Router(Protocol):
    """What the methods need of the daemon."""

    def maintaining(self) -> Maintaining: ...


def methods(router: Router) -> Mapping[str, Handler]:
    async def allow(params: dict[str, Any], _: Peer) -> JSON:
        terminal, who, minutes = params.get("terminal"), params.get("maintainer"), params.get("minutes")
        is_right = (
            isinstance(terminal, str) and isinstance(who, str | None) and (minutes is None or type(minutes) is int)
        )
        if not is_right or not isinstance(terminal, str):
            raise BadParams(
                "maintenance.allow には terminal（名前）、maintainer（名前、または null）、minutes（分、または null）を"
                "渡してください。",
                "maintenance.allow takes terminal, a name, maintainer, a name or null, and minutes, a number or null.",
            )
        return await router.maintaining().allow(terminal, who, minutes)

    async def end(params: dict[str, Any], _: Peer) -> JSON:
        terminal = params.get("terminal")
        if not isinstance(terminal, str | None):
            raise BadParams(
                "maintenance.end には terminal（名前、またはすべてを閉じるなら null）を渡してください。",
                "maintenance.end takes terminal, a name, or null to close all.",
            )
        return await router.maintaining().end(terminal)

    return {"maintenance.allow": allow, "maintenance.end": end}
