"""The local API's methods about the firmware's update."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Protocol

from appliance.control import sticks
from appliance.control.dispatch import JSON, BadParams, Handler, Peer
from appliance.control.roles import Role
from appliance.control.updating import Updater


class Router(Protocol):
    """What the methods need of the daemon."""

    updater: Updater


def methods(router: Router) -> Mapping[str, Handler]:
    async def show(_: dict[str, Any], __: Peer) -> JSON:
        return router.updater.shown()

    async def check(params: dict[str, Any], _: Peer) -> JSON:
        return await router.updater.check(_path(params))

    async def install(params: dict[str, Any], peer: Peer) -> JSON:
        path, now = _path(params), _now(params)
        if peer.role is not Role.OPERATOR:
            # The page names files on sticks; what else the machine has is nothing to be opened for it.
            await asyncio.to_thread(sticks.chosen, "firmware", path)
        return await router.updater.install(path, now)

    async def fetch(params: dict[str, Any], _: Peer) -> JSON:
        return await router.updater.fetch(_now(params))

    async def verdict(_: dict[str, Any], __: Peer) -> JSON:
        return router.updater.verdict()

    return {
        "firmware.show": show,
        "firmware.check": check,
        "firmware.install": install,
        "firmware.fetch": fetch,
        "firmware.verdict": verdict,
    }


def _path(params: dict[str, Any]) -> str:
    path = params.get("path")
    if not isinstance(path, str) or not path.startswith("/"):
        raise BadParams(
            "path は、ルーターの上のファイルの場所（/ で始まる）で渡してください。",
            "path must be the place of a file on the router, beginning with /.",
        )
    return path


def _now(params: dict[str, Any]) -> bool:
    now = params.get("now", False)
    if not isinstance(now, bool):
        raise BadParams("now は true か false で渡してください。", "now must be true or false.")
    return now
